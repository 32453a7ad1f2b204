#include "proxy/registry.h"

#include <dirent.h>

#include "proxy/listening_socket.h"
#include "proxy/packet_filter.h"
#include "proxy/workers.h"
#include "tests/support/server.h"
#include "tests/support/socket.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

ProxySpec proxy_at(const std::string& name, const std::string& listen = "127.0.0.1:0") {
  return {.name = name, .listen = listen, .upstream = "127.0.0.1:9", .enabled = true, .toxics = {}};
}

ToxicSpec latency(const std::string& name) {
  ToxicSpec toxic;
  toxic.name = name;
  toxic.type = find_toxic_type("latency");
  toxic.attributes = attributes_of("latency", {100, 10});
  return toxic;
}

ToxicSpec toxic_of(const std::string& type, const Attributes& first = {}) {
  ToxicSpec toxic;
  toxic.name = type;
  toxic.type = find_toxic_type(type);
  toxic.attributes = attributes_of(type, first);
  return toxic;
}

int open_descriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

/// A registry on two workers, and the names of its proxies in one line.
struct World {
  std::string names() const {
    std::string all;
    for (const ProxySpec* proxy : registry.list()) all += proxy->name + " ";
    return all;
  }
  const ProxySpec& at(std::string_view name) const { return **registry.find(name); }

  Workers workers{{.count = 2, .may_filter_packets = probe_packet_filters().has_value()}};
  Registry registry{workers, 1};
};

TEST_CASE("a created proxy listens at a real port and is listed by name", "[registry]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("b"), {}));
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  CHECK(world.names() == "a b ");
  CHECK(world.at("a").listen != "127.0.0.1:0");
  CHECK(world.registry.create(proxy_at("a"), {}).error().message == "proxy already exists");
  CHECK(world.registry.find("c").error().message == "proxy not found");
}

TEST_CASE("a busy address creates nothing and leaks nothing", "[registry][B9]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  const std::string taken = world.at("a").listen;
  const int descriptors = open_descriptors();
  const auto failed = world.registry.create(proxy_at("b", taken), {});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::kNetwork);
  CHECK(failed.error().message == "listen tcp " + taken + ": bind: address already in use");
  CHECK(world.names() == "a ");
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("moving to a busy address leaves the proxy where it was", "[registry][B9][F5]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  REQUIRE(world.registry.create(proxy_at("b"), {}));
  const ProxySpec before = world.at("b");
  CHECK_FALSE(world.registry.update("b", {.listen = world.at("a").listen}, {}));
  CHECK(world.at("b") == before);
  CHECK_FALSE(world.registry.update("b", {.listen = "garbage"}, {}));
  CHECK(world.at("b") == before);
}

TEST_CASE("the port chosen for port 0 stays across disable and enable", "[registry][K11]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  const std::string listen = world.at("a").listen;
  REQUIRE(world.registry.update("a", {.enabled = false}, {}));
  CHECK_FALSE(world.at("a").enabled);
  CHECK(ListeningSocket::bind(listen, {}));  // Really free.
  REQUIRE(world.registry.update("a", {.enabled = true}, {}));
  CHECK(world.at("a").listen == listen);
  REQUIRE(world.registry.update("a", {.listen = "127.0.0.1:0"}, {}));
  CHECK(world.at("a").listen != listen);  // Asked for a new one.
}

TEST_CASE("a proxy can widen its own address, in its own way", "[registry]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  const std::string port = world.at("a").listen.substr(std::string("127.0.0.1").size());
  REQUIRE(world.registry.update("a", {.listen = "0.0.0.0" + port}, {}));
  CHECK(world.at("a").listen == "[::]" + port);
  CHECK(world.at("a").enabled);
}

TEST_CASE("populate creates all or nothing", "[registry][B8][F5]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("old"), {}));
  const ProxySpec before = world.at("old");
  ProxySpec replaced = before;
  replaced.upstream = "127.0.0.1:10";
  const auto failed =
      world.registry.populate({proxy_at("new"), replaced, proxy_at("bad", "garbage")}, {});
  REQUIRE_FALSE(failed);
  CHECK(world.names() == "old ");
  CHECK(world.at("old") == before);
}

TEST_CASE("populate keeps what is the same and replaces what differs", "[registry][K11][K13]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("same"), {}));
  REQUIRE(world.registry.create(proxy_at("moved"), {}));
  REQUIRE(world.registry.add_toxic("same", latency("lag")));
  REQUIRE(world.registry.add_toxic("moved", latency("lag")));
  const std::string address = world.at("moved").listen;

  ProxySpec same = world.at("same");
  same.enabled = false;  // Ignored for a proxy that is otherwise the same.
  same.toxics.clear();
  ProxySpec moved = proxy_at("moved", address);  // Inherits the address...
  moved.upstream = "127.0.0.1:11";               // ...but not the toxics.
  const auto names = world.registry.populate({same, moved}, {});
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{"same", "moved"});
  CHECK(world.at("same").enabled);
  CHECK(world.at("same").toxics.size() == 1);
  CHECK(world.at("moved").listen == address);
  CHECK(world.at("moved").toxics.empty());
}

TEST_CASE("reload touches only what changed in the file", "[registry]") {
  World world;
  const std::vector<ProxySpec> first = {proxy_at("keep"), proxy_at("drop"), proxy_at("edit")};
  REQUIRE(world.registry.reload({}, {.proxies = first}, {}));
  REQUIRE(world.registry.create(proxy_at("api"), {}));
  REQUIRE(world.registry.add_toxic("keep", latency("by-api")));
  const ProxySpec keep = world.at("keep");

  std::vector<ProxySpec> second = {first[0], first[2], proxy_at("fresh")};
  second[1].toxics = {latency("by-file")};
  const auto changes = world.registry.reload({.proxies = first}, {.proxies = second}, {});
  REQUIRE(changes);
  CHECK(changes->size() == 3);
  CHECK(world.names() == "api edit fresh keep ");
  CHECK(world.at("keep") == keep);
  CHECK(world.at("edit").toxics == second[1].toxics);

  std::vector<ProxySpec> bad = second;
  bad.push_back(proxy_at("clash", world.at("api").listen));
  bad.erase(bad.begin());
  CHECK_FALSE(world.registry.reload({.proxies = second}, {.proxies = bad}, {}));
  CHECK(world.names() == "api edit fresh keep ");
}

TEST_CASE("toxics may change places, on open connections too", "[registry]") {
  World world;
  const test::Server upstream(test::echo());
  ProxySpec first = proxy_at("p");
  first.upstream = upstream.address();
  first.toxics = {latency("a"), latency("b"), latency("c")};
  for (ToxicSpec& toxic : first.toxics) toxic.attributes = attributes_of("latency", {0, 0});
  REQUIRE(world.registry.reload({}, {.proxies = {first}}, {}));
  const test::Socket client = test::Socket::connect(world.at("p").listen);
  client.send("x");
  REQUIRE(client.receive(1) == "x");

  ProxySpec second = first;
  std::swap(second.toxics[0], second.toxics[2]);
  REQUIRE(world.registry.reload({.proxies = {first}}, {.proxies = {second}}, {}));
  CHECK(world.at("p").toxics == second.toxics);
  client.send("y");
  CHECK(client.receive(1) == "y");
}

TEST_CASE("two proxies of one address: the socket goes to the one that listens", "[registry]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  ProxySpec a = world.at("a");
  ProxySpec b = a;
  b.name = "b";
  b.enabled = false;
  REQUIRE(world.registry.create(b, {}));
  a.upstream = b.upstream = "127.0.0.1:10";
  REQUIRE(world.registry.populate({a, b}, {}));
  CHECK(world.at("a").enabled);
  CHECK_FALSE(ListeningSocket::bind(a.listen, {}));  // Really listening.
}

TEST_CASE("reset enables all, removes all toxics, and goes on past a failure", "[registry][F5]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  REQUIRE(world.registry.create(proxy_at("b"), {}));
  REQUIRE(world.registry.create(proxy_at("c"), {}));
  REQUIRE(world.registry.add_toxic("c", latency("lag")));
  REQUIRE(world.registry.update("a", {.enabled = false}, {}));
  REQUIRE(world.registry.update("c", {.enabled = false}, {}));
  const auto squatter = ListeningSocket::bind(world.at("a").listen, {});
  REQUIRE(squatter);

  const auto done = world.registry.reset({});
  REQUIRE_FALSE(done);
  CHECK(done.error().message.find("address already in use") != std::string::npos);
  CHECK_FALSE(world.at("a").enabled);
  CHECK(world.at("c").enabled);
  CHECK(world.at("c").toxics.empty());
}

TEST_CASE("toxics are added, changed and removed by name", "[registry]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  REQUIRE(world.registry.add_toxic("a", latency("lag")));
  CHECK(world.registry.add_toxic("a", latency("lag")).error().message == "toxic already exists");
  const auto changed = world.registry.update_toxic("a", "lag", {.attributes = {{1, 7}}});
  REQUIRE(changed);
  CHECK((*changed)->attributes == attributes_of("latency", {100, 7}));
  CHECK(world.registry.remove_toxic("a", "none").error().message == "toxic not found");
  REQUIRE(world.registry.remove_toxic("a", "lag"));
  CHECK(world.registry.find_toxic("a", "lag").error().message == "toxic not found");
  CHECK(world.registry.add_toxic("none", latency("lag")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("what a ramp moves is not changed by hand, and the rest fits all of it", "[registry]") {
  World world;
  REQUIRE(world.registry.create(proxy_at("a"), {}));
  ToxicSpec toxic = latency("lag");
  toxic.timing.ramp = {.values = {.from = 10, .to = 200, .over = std::chrono::seconds(10)}};
  REQUIRE(world.registry.add_toxic("a", toxic));
  const auto by_hand = world.registry.update_toxic("a", "lag", {.attributes = {{0, 500}}});
  REQUIRE_FALSE(by_hand);
  CHECK(by_hand.error().kind == ErrorKind::kInvalid);
  CHECK(by_hand.error().message ==
        "toxic `lag`: latency is moved by the toxic's ramp: remove the toxic and add it without");
  CHECK(world.registry.update_toxic("a", "lag", {.attributes = {{0, 100}, {1, 7}}}));  // As it was.

  const int distribution = toxic.type->attribute_index("distribution");
  const int max = toxic.type->attribute_index("max");
  const auto pareto =
      world.registry.update_toxic("a", "lag", {.attributes = {{distribution, 3}, {max, 150}}});
  REQUIRE_FALSE(pareto);
  CHECK(pareto.error().message == "toxic `lag`: ramp: to: max must be more than latency");
}

/// A proxy with one ramp of latency, changed by its file, and a client.
struct RampWorld : World {
  ProxySpec spec_with(std::int64_t latency_ms, std::optional<Ramp> ramp) const {
    ProxySpec spec = proxy_at("p");
    spec.upstream = upstream.address();
    spec.toxics = {latency("lag")};
    spec.toxics[0].attributes = attributes_of("latency", {latency_ms});
    if (ramp) spec.toxics[0].timing.ramp = {.values = *ramp};
    return spec;
  }
  void load(const ProxySpec& spec) {
    REQUIRE(registry.reload({.proxies = loaded}, {.proxies = {spec}}, {}));
    loaded = {spec};
  }
  static Duration trip(const test::Socket& client) {
    const TimePoint start = clock_now();
    client.send("x");
    REQUIRE(client.receive(1) == "x");
    return clock_now() - start;
  }

  test::Server upstream{test::echo()};
  std::vector<ProxySpec> loaded;
};

TEST_CASE("a ramp that is taken away is gone from open connections", "[registry]") {
  using std::chrono::milliseconds;
  RampWorld world;
  world.load(world.spec_with(0, Ramp{.from = 0, .to = 600, .over = milliseconds(100)}));
  const test::Socket client = test::Socket::connect(world.at("p").listen);
  while (world.trip(client) < milliseconds(600)) continue;  // At its end, for good.
  world.load(world.spec_with(0, std::nullopt));
  CHECK(world.trip(client) < milliseconds(600));
}

TEST_CASE("a ramp whose toxic is changed begins anew", "[registry]") {
  using std::chrono::milliseconds;
  RampWorld world;
  world.load(world.spec_with(0, Ramp{.from = 0, .to = 100, .over = milliseconds(500)}));
  const test::Socket client = test::Socket::connect(world.at("p").listen);
  while (world.trip(client) < milliseconds(100)) continue;
  world.load(world.spec_with(0, Ramp{.from = 0, .to = 3000, .over = milliseconds(500)}));
  CHECK(world.trip(client) < milliseconds(3000));
}

TEST_CASE("a unix socket's file goes when its proxy does", "[registry]") {
  World world;
  const std::string path = "/tmp/faultline-registry-test-" + std::to_string(getpid()) + ".sock";
  REQUIRE(world.registry.create(proxy_at("u", "unix:" + path), {}));
  CHECK(access(path.c_str(), F_OK) == 0);
  CHECK_FALSE(world.registry.create(proxy_at("v", "unix:" + path), {}));
  REQUIRE(world.registry.remove("u"));
  CHECK(access(path.c_str(), F_OK) != 0);
}

/// `toxic` for `count` clients.
ToxicSpec for_clients(ToxicSpec toxic, const std::string& name, int count) {
  toxic.name = name;
  for (int i = 0; i < count; ++i) {
    const std::string address = "1:2:3:4:5:6:" + name + ":" + std::to_string(i) + "/128";
    toxic.match.clients.push_back(IpPrefix::parse(address).value());
  }
  return toxic;
}

TEST_CASE("more clients than one packet filter takes are refused, not half served", "[registry]") {
  World world;
  if (!world.workers.may_filter_packets()) return;
  REQUIRE(world.registry.create(proxy_at("p"), {}));
  const ToxicSpec blackhole = toxic_of("blackhole");
  REQUIRE(world.registry.add_toxic("p", for_clients(blackhole, "a", 300)));
  const auto refused = world.registry.add_toxic("p", for_clients(blackhole, "b", 300));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kInvalid);
  CHECK(refused.error().message.find("too many sources for a packet filter") != std::string::npos);
  CHECK(world.at("p").toxics.size() == 1);
  CHECK(world.registry.add_toxic("p", for_clients(toxic_of("stall"), "c", 300)));
}

TEST_CASE("a toxic is served as it can be at the proxy's new upstream", "[registry]") {
  World world;
  if (!world.workers.may_filter_packets()) return;
  const auto engine = [&] { return world.at("p").toxics.front().engine; };
  for (const bool enabled : {true, false}) {
    ProxySpec spec = proxy_at("p");
    spec.enabled = enabled;
    spec.toxics = {toxic_of("mtu_blackhole")};
    REQUIRE(world.registry.create(spec, {}));
    CHECK(engine() == Engine::kKernel);
    REQUIRE(world.registry.update("p", {.upstream = "unix:/nonexistent"}, {}));
    CHECK(engine() == Engine::kUserSpace);
    REQUIRE(world.registry.update("p", {.upstream = "127.0.0.1:9"}, {}));
    CHECK(engine() == Engine::kKernel);
    CHECK(world.at("p").enabled == enabled);
    REQUIRE(world.registry.remove("p"));
  }
}

TEST_CASE("an upstream where a toxic's engine cannot be had is refused, in words", "[registry]") {
  World world;
  if (!world.workers.may_filter_packets()) return;
  ToxicSpec loss = toxic_of("packet_loss");
  loss.attributes.at(static_cast<std::size_t>(loss.type->attribute_index("engine"))).number = 1;
  ProxySpec spec = proxy_at("p");
  spec.toxics = {loss};
  REQUIRE(world.registry.create(spec, {}));
  const ProxySpec before = world.at("p");
  const auto refused = world.registry.update("p", {.upstream = "unix:/nonexistent"}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kInvalid);
  CHECK(refused.error().message ==
        "toxic `packet_loss`: engine: a unix socket has no packets for the kernel to drop; `auto` "
        "and `model` serve it");
  CHECK(world.at("p") == before);

  loss.name = "by bytes";
  loss.timing.bytes = ByteWindow::Bounds{.after = 65'536};
  CHECK(world.registry.add_toxic("p", loss).error().message ==
        "toxic `by bytes`: after and until in bytes cannot be had with engine kernel: give a "
        "time, or leave engine at auto");
}

}  // namespace
}  // namespace faultline
