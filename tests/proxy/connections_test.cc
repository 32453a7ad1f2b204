#include "proxy/connections.h"

#include <sys/resource.h>

#include <set>

#include "proxy/packet_filter.h"
#include "proxy/registry.h"
#include "proxy/workers.h"
#include "tests/support/server.h"
#include "tests/support/socket.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using test::eventually;

ToxicSpec toxic_of(const std::string& type, const Attributes& first = {},
                   Direction direction = Direction::kDownstream) {
  ToxicSpec toxic;
  toxic.name = type;
  toxic.type = find_toxic_type(type);
  toxic.direction = direction;
  toxic.attributes = attributes_of(type, first);
  return toxic;
}

/// So long that the connection would never be dialled.
ToxicSpec holding() {
  return toxic_of("connect_delay", {3'600'000});
}

/// A registry whose proxies are in front of one echo.
struct World {
  explicit World(std::size_t count = 2)
      : workers({.count = count, .may_filter_packets = probe_packet_filters().has_value()}) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }

  void create(const std::string& name, std::vector<ToxicSpec> toxics = {},
              const std::string& to = "") {
    REQUIRE(registry.create({.name = name,
                             .listen = "127.0.0.1:0",
                             .upstream = to.empty() ? upstream.address() : to,
                             .toxics = std::move(toxics)},
                            {}));
  }
  test::Socket connect(const std::string& proxy) const {
    return test::Socket::connect((*registry.find(proxy))->listen);
  }
  /// A connection that has passed a byte each way.
  test::Socket open(const std::string& proxy) const {
    test::Socket client = connect(proxy);
    REQUIRE(test::round_trip(client, "x") == "x");
    return client;
  }
  std::vector<ConnectionView> list(const ConnectionFilter& filter = {}) const {
    return registry.connections().page(filter, {}, Connections::kMostPerPage).connections;
  }
  /// The only connection, once it is in `state`.
  ConnectionView only_one(ConnectionState state) const {
    REQUIRE(eventually([&] { return list({.state = state}).size() == 1; }));
    return list().front();
  }
  ClientHistory history_of(const std::string& client, std::optional<WallTime> at = {}) const {
    const auto address = addresses_of(*parse_host_port(client), {})->front();
    return registry.connections().of_client(CompactAddress(address), at);
  }
  /// What is remembered of the only connection that client has had, once it is over.
  EndedConnection end_of(const test::Socket& client) const {
    const std::string address = client.local_address();
    REQUIRE(eventually([&] { return history_of(address).ended.size() == 1; }));
    CHECK(history_of(address).live.empty());
    return history_of(address).ended.front();
  }
  std::vector<std::string> lingering() const {
    std::vector<std::string> all;
    for (const Lingering& one : registry.lingering()) {
      all.push_back(std::string(to_string(one.kind)) + " " + one.proxy + " " + one.toxic);
    }
    return all;
  }

  test::Server upstream{test::echo()};
  Workers workers;
  Registry registry{workers, 1};
};

test::Ending ending_of(const test::Socket& socket) {
  return socket.receive_all().ending;
}

TEST_CASE("thousands of connections are listed in pages, each of them once", "[connections]") {
  for (const std::size_t count : {2, 4}) {
    constexpr std::size_t kClients = 1000;
    World world(count);
    world.create("a", {holding()});
    world.create("b", {holding()});
    std::vector<test::Socket> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.push_back(world.connect("a"));
      clients.push_back(world.connect("b"));
    }
    REQUIRE(eventually([&] {
      const auto stats = world.registry.stats();
      return stats[0].connections_active + stats[1].connections_active == 2 * kClients;
    }));

    for (const std::size_t limit : {7, 100, 1000}) {
      INFO(count << " workers, pages of " << limit);
      std::set<std::pair<std::string, std::string>> seen;  // Ports are used for both.
      std::optional<ConnectionId> after;
      std::size_t pages = 0;
      ConnectionId last{};
      do {
        const ConnectionPage page = world.registry.connections().page({}, after, limit);
        for (const ConnectionView& view : page.connections) {
          REQUIRE(last < view.id);
          last = view.id;
          seen.emplace(view.proxy, view.client);
        }
        REQUIRE(page.connections.size() <= limit);
        after = page.next;
        ++pages;
      } while (after);
      CHECK(pages == (2 * kClients + limit - 1) / limit);
      REQUIRE(seen.size() == 2 * kClients);
      for (std::size_t i = 0; i < clients.size(); ++i) {
        REQUIRE(seen.count({i % 2 == 0 ? "a" : "b", clients[i].local_address()}) == 1);
      }
    }

    // What opens and ends between two pages moves nothing else.
    const ConnectionPage first = world.registry.connections().page({}, {}, 500);
    REQUIRE(first.next);
    REQUIRE(world.registry.connections().end(first.connections[3].id, Farewell::kReset));
    REQUIRE(world.registry.connections().end(first.connections.back().id, Farewell::kReset));
    const ConnectionPage second = world.registry.connections().page({}, first.next, 500);
    CHECK(second.connections.size() == 500);
    CHECK(second.connections.front().id > first.connections.back().id);
    const ConnectionPage behind =
        world.registry.connections().page({}, ConnectionId{UINT64_MAX, UINT64_MAX}, 500);
    CHECK(behind.connections.empty());
    CHECK_FALSE(behind.next);
  }
}

TEST_CASE("a connection is shown with its addresses, bytes and times", "[connections]") {
  World world;
  const WallTime before = std::chrono::system_clock::now();
  world.create("p");
  CHECK(world.list().empty());
  const test::Socket client = world.open("p");
  REQUIRE(test::round_trip(client, "1234") == "1234");

  const ConnectionView view = world.only_one(ConnectionState::kOpen);
  CHECK(view.id.ordinal == 0);
  CHECK(view.proxy == "p");
  CHECK(view.client == client.local_address());
  CHECK(view.upstream == world.upstream.address());
  CHECK(view.upstream_local.find("127.0.0.1:") == 0);
  CHECK(view.upstream_local != view.upstream);
  for (const LinkView& link : view.links) {
    CHECK(link == LinkView{.received_bytes = 5, .sent_bytes = 5});
  }
  CHECK(view.opened > before - 1s);
  CHECK(view.opened < std::chrono::system_clock::now() + 1s);
  CHECK(view.idle <= view.age);
  CHECK(view.age < 60s);

  const auto same = world.registry.connections().find(view.id);
  REQUIRE(same);
  CHECK(same->client == view.client);
  CHECK(same->age >= view.age);
}

TEST_CASE("connections are found by proxy, client, toxic, state and age", "[connections]") {
  World world;
  const test::BlackHole nowhere;
  ToxicSpec half = toxic_of("latency", {1});
  half.name = "half";
  half.match.count.every = 2;
  world.create("a", {half});
  world.create("b");
  world.create("dials", {}, nowhere.address());
  const test::Socket first = world.open("a");
  const test::Socket second = world.open("a");
  const test::Socket other = world.open("b");
  const test::Socket third = world.connect("dials");
  REQUIRE(eventually([&] { return world.list().size() == 4; }));
  const auto clients = [&](const ConnectionFilter& filter) {
    std::set<std::string> all;
    for (const ConnectionView& view : world.list(filter)) all.insert(view.client);
    return all;
  };
  using Clients = std::set<std::string>;

  CHECK(clients({.proxy = "a"}) == Clients{first.local_address(), second.local_address()});
  CHECK(clients({.proxy = "none"}).empty());
  CHECK(clients({.client = *ClientPattern::parse("127.0.0.0/8")}).size() == 4);
  CHECK(clients({.client = *ClientPattern::parse("10.0.0.0/8")}).empty());
  CHECK(clients({.client = *ClientPattern::parse(other.local_address())}) ==
        Clients{other.local_address()});
  CHECK(clients({.toxic = "half"}) == Clients{second.local_address()});
  CHECK(clients({.toxic = "none"}).empty());
  CHECK(clients({.state = ConnectionState::kDialling}) == Clients{third.local_address()});
  CHECK(clients({.proxy = "a", .state = ConnectionState::kDialling}).empty());
  CHECK(clients({.min_age = 1h}).empty());
  CHECK(clients({.min_idle = 1h}).empty());

  // Those that stay idle are told from one that does not.
  REQUIRE(eventually([&] {
    test::round_trip(other, "x");
    return clients({.min_idle = 300ms}).size() == 3;
  }));
  CHECK(clients({.min_age = 300ms}).size() == 4);
  CHECK(clients({.min_idle = 300ms}).count(other.local_address()) == 0);
}

TEST_CASE("a killed connection ends with FIN or RST for both sides at once", "[connections]") {
  for (const Farewell farewell : {Farewell::kFinish, Farewell::kReset}) {
    const bool is_reset = farewell == Farewell::kReset;
    INFO((is_reset ? "RST" : "FIN"));
    World world;
    const test::Socket listener = test::Socket::listen("127.0.0.1:0");
    world.create("p", {}, listener.local_address());
    const test::Socket client = world.connect("p");
    const auto server = listener.accept();
    REQUIRE(server);
    const ConnectionView view = world.only_one(ConnectionState::kOpen);

    const auto ended = world.registry.connections().end(view.id, farewell);
    REQUIRE(ended);
    CHECK(ended->id == view.id);
    CHECK(world.list().empty());  // Already.
    const test::Ending wanted = is_reset ? test::Ending::kReset : test::Ending::kFinish;
    CHECK(ending_of(client) == wanted);
    CHECK(ending_of(*server) == wanted);
    CHECK(world.registry.connections().end(view.id, farewell).error().kind == ErrorKind::kNotFound);
    const EndedConnection record = world.end_of(client);
    CHECK(record.id == view.id);
    CHECK(record.by == EndedBy::kRequest);
    CHECK(record.was_reset == is_reset);
  }
}

TEST_CASE("a connection is killed while it dials, is held, or has bytes held", "[connections]") {
  const test::BlackHole nowhere;
  for (const Farewell farewell : {Farewell::kFinish, Farewell::kReset}) {
    const test::Ending wanted =
        farewell == Farewell::kReset ? test::Ending::kReset : test::Ending::kFinish;
    World world;
    world.create("dials", {}, nowhere.address());
    world.create("held", {holding()});
    world.create("slow", {toxic_of("latency", {3'600'000}, Direction::kUpstream)});
    const auto kill_only_one = [&](const std::string& proxy, const test::Socket& client) {
      const std::vector<ConnectionView> views = world.list({.proxy = proxy});
      REQUIRE(views.size() == 1);
      REQUIRE(world.registry.connections().end(views.front().id, farewell));
      CHECK(ending_of(client) == wanted);
      CHECK(world.list({.proxy = proxy}).empty());
    };

    const test::Socket dialling = world.connect("dials");
    REQUIRE(eventually([&] {
      return world.list({.proxy = "dials", .state = ConnectionState::kDialling}).size() == 1;
    }));
    kill_only_one("dials", dialling);

    const test::Socket held = world.connect("held");
    REQUIRE(eventually([&] {
      return world.list({.proxy = "held", .state = ConnectionState::kHeld}).size() == 1;
    }));
    kill_only_one("held", held);

    const test::Socket slow = world.connect("slow");
    slow.send("held back");
    REQUIRE(eventually([&] {
      const auto views = world.list({.proxy = "slow"});
      return views.size() == 1 && views[0].links[0].held_bytes == 9;
    }));
    kill_only_one("slow", slow);
    CHECK(world.workers.memory().held_bytes == 0);
  }
}

TEST_CASE("an id does not come to mean a connection of a proxy's successor", "[connections]") {
  World world;
  world.create("p");
  const test::Socket old_client = world.open("p");
  const ConnectionId old_id = world.only_one(ConnectionState::kOpen).id;
  REQUIRE(world.registry.remove("p"));
  world.create("p");
  const test::Socket new_client = world.open("p");
  const ConnectionView now = world.only_one(ConnectionState::kOpen);
  CHECK(now.id.ordinal == old_id.ordinal);
  CHECK(now.id != old_id);
  CHECK(world.registry.connections().find(old_id).error().message == "connection not found");
  CHECK_FALSE(world.registry.connections().end(old_id, Farewell::kReset));
  CHECK(test::round_trip(new_client, "alive") == "alive");
  CHECK(world.registry.connections().find({0, 0}).error().kind == ErrorKind::kNotFound);
  CHECK(world.end_of(old_client).id == old_id);
  CHECK(world.end_of(old_client).by == EndedBy::kProxy);
}

TEST_CASE("a connection shows each toxic, what it does to it, or why not", "[connections]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  const auto add = [&](const std::string& name, ToxicSpec toxic) {
    toxic.name = name;
    REQUIRE(world.registry.add_toxic("p", std::move(toxic)));
  };
  const auto with = [](ToxicSpec toxic, const auto& change) {
    change(toxic);
    return toxic;
  };
  const ToxicSpec lag = toxic_of("latency", {1});
  add("lag", lag);
  add("up", toxic_of("latency", {1}, Direction::kUpstream));
  add("drawn", with(lag, [](ToxicSpec& toxic) { toxic.toxicity = 0; }));
  add("others",
      with(lag, [](ToxicSpec& toxic) { toxic.match.clients = {*IpPrefix::parse("10.0.0.0/8")}; }));
  add("counted", with(lag, [](ToxicSpec& toxic) { toxic.match.count.first = 1; }));
  add("later", with(lag, [](ToxicSpec& toxic) { toxic.timing.time.after = 1h; }));
  add("new", toxic_of("connect_delay", {1}));
  add("pulsing",
      with(lag, [](ToxicSpec& toxic) { toxic.timing.pulse = OnOff{.on = 1ms, .off = 1h}; }));
  REQUIRE(test::round_trip(client, "12345") == "12345");

  std::vector<std::pair<std::string, Verdict>> verdicts;
  const auto only = [&] {
    const std::vector<ConnectionView> views = world.list();
    REQUIRE(views.size() == 1);
    return views.front();
  };
  REQUIRE(eventually([&] { return only().toxics.back().verdict == Verdict::kPulse; }));
  const ConnectionView view = only();
  for (const ToxicView& toxic : view.toxics) verdicts.emplace_back(toxic.name, toxic.verdict);
  CHECK(verdicts == std::vector<std::pair<std::string, Verdict>>{{"lag", Verdict::kApplies},
                                                                 {"up", Verdict::kApplies},
                                                                 {"drawn", Verdict::kToxicity},
                                                                 {"others", Verdict::kClient},
                                                                 {"counted", Verdict::kCount},
                                                                 {"later", Verdict::kTime},
                                                                 {"new", Verdict::kScope},
                                                                 {"pulsing", Verdict::kPulse}});
  const ToxicView& down = view.toxics[0];
  CHECK(down.type == "latency");
  CHECK(down.direction == Direction::kDownstream);
  CHECK(down.passed_bytes == 5);
  CHECK(down.delayed_bytes == 5);
  CHECK(down.dropped_bytes == 0);
  CHECK(view.toxics[1].direction == Direction::kUpstream);
  CHECK(view.toxics[1].passed_bytes == 5);
  CHECK(view.toxics[2].passed_bytes == 0);

  add("gone", toxic_of("timeout", {0}, Direction::kUpstream));
  client.send("swallowed");
  REQUIRE(eventually([&] { return only().toxics.back().dropped_bytes == 9; }));
  CHECK(only().links[0].sent_bytes == 6);
}

TEST_CASE("a connection's state follows its two sides", "[connections]") {
  World world;
  const test::Socket listener = test::Socket::listen("127.0.0.1:0");
  world.create("p", {}, listener.local_address());
  const test::Socket client = world.connect("p");
  auto server = listener.accept();
  REQUIRE(server);
  world.only_one(ConnectionState::kOpen);
  client.shut_down_write();
  world.only_one(ConnectionState::kHalfClosedUpstream);
  server->close();
  REQUIRE(eventually([&] { return world.list().empty(); }));
  CHECK(world.end_of(client).by == EndedBy::kClient);  // It began.

  const test::Socket next = world.connect("p");
  const auto answering = listener.accept();
  REQUIRE(answering);
  answering->shut_down_write();
  world.only_one(ConnectionState::kHalfClosedDownstream);

  REQUIRE(world.registry.add_toxic("p", toxic_of("stall", {}, Direction::kUpstream)));
  next.send("stuck");
  next.shut_down_write();
  world.only_one(ConnectionState::kClosing);
}

TEST_CASE("what has ended a connection is remembered", "[connections][ended_connections]") {
  World world;
  const test::Socket listener = test::Socket::listen("127.0.0.1:0");
  world.create("p", {}, listener.local_address());
  world.create("refuses", {toxic_of("close", {1})});  // Of those that come.
  world.create("dead", {}, "127.0.0.1:1");
  world.create("stops");
  struct Expected {
    EndedBy by;
    bool was_reset;
  };
  const auto check = [&](const test::Socket& client, const Expected& expected) {
    const EndedConnection record = world.end_of(client);
    CHECK(to_string(record.by) == to_string(expected.by));
    CHECK(record.was_reset == expected.was_reset);
    CHECK(record.ended >= record.opened);
    return record;
  };
  const auto open_pair = [&] {
    test::Socket client = world.connect("p");
    auto server = listener.accept();
    REQUIRE(server);
    return std::pair(std::move(client), *std::move(server));
  };

  {
    auto [client, server] = open_pair();
    client.send("four");
    REQUIRE(server.receive(4) == "four");
    server.send("two");
    server.close();  // All was read: FIN.
    CHECK(client.receive_all().bytes == "two");
    client.shut_down_write();
    const EndedConnection record = check(client, {EndedBy::kUpstream, false});
    CHECK(record.proxy == "p");
    CHECK(record.received_bytes == std::array<std::uint64_t, 2>{4, 3});
    CHECK(record.sent_bytes == std::array<std::uint64_t, 2>{4, 3});
    CHECK(record.toxics.empty());
  }
  {
    auto [client, server] = open_pair();
    server.reset();
    CHECK(ending_of(client) == test::Ending::kReset);
    check(client, {EndedBy::kUpstream, true});
  }
  {
    auto [client, server] = open_pair();
    const std::string address = client.local_address();
    client.reset();
    CHECK(ending_of(server) == test::Ending::kReset);
    REQUIRE(eventually([&] { return world.history_of(address).ended.size() == 1; }));
    CHECK(world.history_of(address).ended[0].by == EndedBy::kClient);
    CHECK(world.history_of(address).ended[0].was_reset);
  }
  {
    auto [client, server] = open_pair();
    REQUIRE(world.registry.add_toxic("p", toxic_of("reset_peer", {0})));
    CHECK(ending_of(client) == test::Ending::kReset);
    const EndedConnection record = check(client, {EndedBy::kToxic, true});
    CHECK(record.toxics == std::vector<std::string>{"reset_peer"});
    REQUIRE(world.registry.remove_toxic("p", "reset_peer"));
  }
  {
    auto [client, server] = open_pair();
    REQUIRE(world.registry.add_toxic("p", toxic_of("timeout", {1})));
    CHECK(ending_of(client) == test::Ending::kFinish);
    check(client, {EndedBy::kToxic, false});
    REQUIRE(world.registry.remove_toxic("p", "timeout"));
  }
  const test::Socket refused = world.connect("refuses");
  CHECK(ending_of(refused) == test::Ending::kFinish);
  CHECK(check(refused, {EndedBy::kToxic, false}).toxics == std::vector<std::string>{"close"});

  const test::Socket undialled = world.connect("dead");
  check(undialled, {EndedBy::kUnreachable, false});

  const test::Socket stopped = world.open("stops");
  REQUIRE(world.registry.update("stops", {.enabled = false}, {}));
  check(stopped, {EndedBy::kProxy, false});
}

TEST_CASE("a client's past is asked for by time", "[connections]") {
  World world;
  world.create("p");
  const WallTime now = std::chrono::system_clock::now();
  const test::Socket client = world.open("p");
  const std::string address = client.local_address();
  CHECK(world.history_of(address).live.size() == 1);
  CHECK(world.history_of(address).ended.empty());
  CHECK(world.history_of(address, now + 1h).live.size() == 1);  // It may well last.
  CHECK(world.history_of(address, now - 1h).live.empty());
  CHECK(world.history_of("127.0.0.9:1").live.empty());

  client.shut_down_write();
  world.end_of(client);
  CHECK(world.history_of(address, now).ended.size() == 1);
  CHECK(world.history_of(address, now - 1h).ended.empty());
  CHECK(world.history_of(address, now + 1h).ended.empty());
}

TEST_CASE("nothing lingers where nothing was, or once it is over", "[connections][lingering]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.add_toxic("p", toxic_of("latency", {3'600'000})));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p latency"});
  client.send("held back");
  const std::vector<std::string> with_bytes = {"toxic p latency", "held-bytes p "};
  REQUIRE(eventually([&] { return world.lingering() == with_bytes; }));
  CHECK(world.registry.lingering().back().count == 9);
  REQUIRE(world.registry.remove_toxic("p", "latency"));
  CHECK(client.receive(9) == "held back");
  CHECK(world.lingering().empty());
}

TEST_CASE("what a removed toxic has let go lingers until it is taken", "[connections][lingering]") {
  World world;
  const test::Socket listener = test::Socket::listen("127.0.0.1:0");
  listener.set_receive_buffer(4096);
  world.create("p", {toxic_of("stall", {}, Direction::kUpstream)}, listener.local_address());
  const test::Socket client = world.connect("p");
  const auto server = listener.accept();
  REQUIRE(server);
  std::size_t sent = 0;
  const std::string block(64 * 1024, 'x');
  while (const std::size_t taken = client.send_some(block)) sent += taken;
  REQUIRE(eventually([&] { return world.lingering().size() == 2; }));
  REQUIRE(world.registry.remove_toxic("p", "stall"));
  CHECK(server->receive(sent).size() == sent);
  CHECK(eventually([&] { return world.lingering().empty(); }));
}

TEST_CASE("held connections and closing sockets linger", "[connections][lingering]") {
  World world;
  world.create("p", {holding()});
  const test::Socket client = world.connect("p");
  const std::vector<std::string> held = {"toxic p connect_delay", "held-connection p "};
  REQUIRE(eventually([&] { return world.lingering() == held; }));
  REQUIRE(world.registry.remove_toxic("p", "connect_delay"));
  CHECK(test::round_trip(client, "x") == "x");
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.remove("p"));  // The client keeps its side open.
  CHECK(world.lingering() == std::vector<std::string>{"closing-socket  "});
  CHECK(eventually([&] { return world.lingering().empty(); }));
}

TEST_CASE("faults of sockets and listeners linger while they are there",
          "[connections][lingering]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  REQUIRE(world.registry.add_toxic("p", toxic_of("zero_window")));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p zero_window", "socket-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "zero_window"));
  CHECK(world.lingering().empty());

  REQUIRE(world.registry.add_toxic("p", toxic_of("refuse", {1})));
  CHECK(world.lingering() == std::vector<std::string>{"toxic p refuse", "listener-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "refuse"));
  CHECK(world.lingering().empty());
  CHECK(test::round_trip(client, "x") == "x");

  if (!world.workers.may_filter_packets()) return;
  REQUIRE(world.registry.add_toxic("p", toxic_of("blackhole")));
  CHECK(world.lingering() ==
        std::vector<std::string>{"toxic p blackhole", "listener-fault p ", "socket-fault p "});
  REQUIRE(world.registry.remove_toxic("p", "blackhole"));
  CHECK(world.lingering().empty());
}

}  // namespace
}  // namespace faultline
