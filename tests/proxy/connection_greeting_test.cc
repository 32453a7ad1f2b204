// What clients say first, on connections between real sockets; and toxics for destinations.

#include <chrono>

#include "tests/proxy/connection_world.h"

namespace faultline {
namespace {

using namespace std::literals;
using namespace std::chrono_literals;
using test::eventually;
using test::holding;
using test::round_trip;
using test::toxic_of;

struct World : test::ConnectionWorld {
  void create_for(const Protocols& protocols, std::vector<ToxicSpec> toxics = {}) {
    const auto created =
        registry.create({.name = "p",
                         .listen = "127.0.0.1:0",
                         .upstream = protocols.has_upstream() ? upstream.address() : "",
                         .protocols = protocols,
                         .toxics = std::move(toxics)},
                        {});
    INFO((created ? "" : created.error().message));
    REQUIRE(created);
  }
  test::Socket client() const { return connect("p"); }
  std::uint64_t greeting_errors() const { return registry.stats().front().greeting_errors; }
  ToxicStats toxic_stats() const { return registry.stats().front().toxics.front(); }
};

std::string port_bytes(const std::string& address) {
  const auto port = static_cast<unsigned>(std::stoi(test::port_of(address)));
  return {static_cast<char>(port >> 8U), static_cast<char>(port & 0xFFU)};
}

std::string socks_to(const std::string& address) {
  return "\5\1\0\5\1\0\1\x7F\0\0\1"s + port_bytes(address);
}

std::string socks_to_name(const std::string& host, const std::string& address) {
  return "\5\1\0\5\1\0\3"s + static_cast<char>(host.size()) + host + port_bytes(address);
}

constexpr std::size_t kSocksAnswers = 2 + 10;

ToxicSpec for_destination(ToxicSpec toxic, const std::string& pattern) {
  toxic.match.destinations = {*DestinationPattern::parse(pattern)};
  return toxic;
}

ToxicSpec for_client(ToxicSpec toxic, const std::string& prefix) {
  toxic.match.clients = {*IpPrefix::parse(prefix)};
  return toxic;
}

const Protocols kSocks = {.protocol = Protocol::kSocks5};
const Protocols kHeader = {.accepts_header = true};

TEST_CASE("what is pipelined behind a greeting arrives, in order, and alone", "[greeting]") {
  World world;
  world.create_for(kSocks);
  const std::string greeting = socks_to(world.upstream.address());
  const std::string payload(200'000, 'p');
  const test::Socket client = world.client();
  client.send(greeting + payload);
  const std::string all = client.receive(kSocksAnswers + payload.size());
  CHECK(all.substr(0, 6) == "\5\0\5\0\0\1"s);
  CHECK(all.substr(kSocksAnswers) == payload);
  const ConnectionView view = world.only_one(ConnectionState::kOpen);
  CHECK(view.destination == world.upstream.address());
  CHECK(view.upstream == world.upstream.address());
  CHECK(view.links[0].received_bytes == payload.size());
  CHECK(view.links[1].sent_bytes == payload.size());
}

TEST_CASE("a greeting may come byte by byte, and its client is seen meanwhile", "[greeting]") {
  World world;
  world.create_for({.protocol = Protocol::kSocks5, .accepts_header = true});
  const test::Socket client = world.client();
  const std::string greeting =
      "PROXY TCP4 10.1.2.3 10.9.9.9 4000 80\r\n" + socks_to(world.upstream.address());
  for (std::size_t i = 0; i + 1 < greeting.size(); ++i) {
    client.send(greeting.substr(i, 1));
    test::pause_for(test::milliseconds(1));
  }
  CHECK(world.only_one(ConnectionState::kGreeting).destination.empty());
  client.send(greeting.substr(greeting.size() - 1));
  CHECK(client.receive(kSocksAnswers).size() == kSocksAnswers);
  CHECK(round_trip(client, "x") == "x");
  CHECK(world.only_one(ConnectionState::kOpen).client == "10.1.2.3:4000");
}

TEST_CASE("rubbish and a greeting that is cut off are closed and counted", "[greeting]") {
  World world;
  world.create_for({.protocol = Protocol::kSocks5, .accepts_header = true});
  const test::Socket rubbish = world.client();
  rubbish.send("GET / HTTP/1.1\r\n\r\n");
  CHECK(test::ending_of(rubbish) == test::Ending::kFinish);
  CHECK(world.end_of(rubbish).by == EndedBy::kGreeting);
  CHECK(world.greeting_errors() == 1);
  const test::Socket cut = world.client();
  cut.send("PROXY TCP4 ");
  cut.shut_down_write();
  CHECK(test::ending_of(cut) == test::Ending::kFinish);
  CHECK(eventually([&] { return world.greeting_errors() == 2; }));
  const test::Socket silent = world.client();  // A probe of the port: nothing was malformed.
  silent.shut_down_write();
  CHECK(world.end_of(silent).by == EndedBy::kClient);
  CHECK(world.greeting_errors() == 2);
}

TEST_CASE("a client that does not finish its greeting is closed after ten seconds", "[greeting]") {
  World world;
  world.create_for(kSocks);
  const test::Socket client = world.client();
  client.send("\5\1"s);
  const auto took = test::time_of([&] { CHECK(test::ending_of(client) == test::Ending::kFinish); });
  CHECK(took > 9s);
  CHECK(took < 15s);
  CHECK(world.greeting_errors() == 1);
}

TEST_CASE("a client is told that its destination refuses", "[greeting]") {
  World world;
  world.create_for(kSocks);
  const std::string nobody = [] { return test::Socket::listen("127.0.0.1:0").local_address(); }();
  const test::Socket client = world.client();
  client.send(socks_to(nobody));
  const test::Received received = client.receive_all();
  CHECK(received.bytes == "\5\0\5\5\0\1\0\0\0\0\0\0"s);
  CHECK(received.ending == test::Ending::kFinish);
  CHECK(world.end_of(client).by == EndedBy::kUnreachable);
  CHECK(world.end_of(client).destination == nobody);
}

TEST_CASE("an upstream is told who the client is before its first byte", "[greeting]") {
  World world;
  world.create_for({.accepts_header = true, .sends_header = HeaderVersion::kV1});
  const test::Socket client = world.client();
  const std::string header = "PROXY TCP4 10.1.2.3 10.9.9.9 4000 80\r\n";
  client.send(header + "hello");
  CHECK(client.receive(header.size() + 5) == header + "hello");  // It is an echo.
  CHECK(world.only_one(ConnectionState::kOpen).links[0].sent_bytes == 5);
}

TEST_CASE("clients are matched by whom a PROXY header says they are", "[greeting]") {
  World world;
  world.create_for(kHeader, {for_client(toxic_of("reset_peer", {0}), "10.1.0.0/16")});
  const auto ends_of = [&](const std::string& address) {
    const test::Socket client = world.client();
    client.send("PROXY TCP4 " + address + " 10.9.9.9 4000 80\r\nx");
    return client.receive_some(1);
  };
  CHECK(ends_of("10.2.0.1").bytes == "x");
  CHECK(ends_of("10.1.0.1").ending == test::Ending::kReset);
  CHECK(world.toxic_stats().matched == 1);

  // Not by who has brought it; and no listening socket can know.
  World other;
  other.create_for(kHeader, {for_client(toxic_of("blackhole"), "127.0.0.1")});
  const test::Socket client = other.client();
  client.send("PROXY TCP4 10.2.0.1 10.9.9.9 4000 80\r\nx");
  CHECK(client.receive(1) == "x");
}

TEST_CASE("toxics for a destination meet those who go there", "[greeting][destination]") {
  World world;
  world.create_for(kSocks, {for_destination(holding(), "localhost")});
  const test::Socket held = world.client();
  held.send(socks_to_name("localhost", world.upstream.address()));
  CHECK(held.receive(2).size() == 2);
  CHECK(world.only_one(ConnectionState::kHeld).destination.starts_with("localhost:"));
  const test::Socket other = world.client();
  other.send(socks_to(world.upstream.address()) + "x");
  CHECK(other.receive(kSocksAnswers + 1).back() == 'x');
  CHECK(world.toxic_stats().matched == 1);
  REQUIRE(world.registry.remove_toxic("p", "connect_delay"));
  CHECK(held.receive(10).substr(0, 2) == "\5\0"s);
  CHECK(round_trip(held, "y") == "y");
}

TEST_CASE("a destination that is an address is known before the dial", "[destination]") {
  World world;
  world.create("p", {for_destination(holding(), "127.0.0.0/8")});
  const test::Socket client = world.connect("p");
  CHECK(world.only_one(ConnectionState::kHeld).destination == world.upstream.address());
  CHECK(world.upstream.accepted() == 0);
}

TEST_CASE("one that has to be looked up is known once it is dialled", "[destination]") {
  const auto to = [](const World& world) {
    return "localhost:" + test::port_of(world.upstream.address());
  };
  SECTION("what meets the bytes meets them all") {
    World world;
    world.create("p",
                 {for_destination(toxic_of("stall"),
                                  "127.0.0.0/8:" + test::port_of(world.upstream.address()))},
                 to(world));
    const test::Socket client = world.connect("p");
    client.send("x");
    CHECK(client.is_quiet_for(test::milliseconds(200)));
    CHECK(world.toxic_stats().applied == 1);
  }
  SECTION("what would have kept it from being dialled does") {
    World world;
    world.create("p", {for_destination(holding(), "127.0.0.0/8")}, to(world));
    const test::Socket client = world.connect("p");
    client.send("x");
    CHECK(client.is_quiet_for(test::milliseconds(200)));
    CHECK(world.only_one(ConnectionState::kHeld).upstream.empty());
    REQUIRE(world.registry.remove_toxic("p", "connect_delay"));
    CHECK(client.receive(1) == "x");
  }
  SECTION("one that delays the dial counts from its beginning") {
    World world;
    ToxicSpec late = for_destination(toxic_of("connect_delay", {300}), "127.0.0.0/8");
    world.create("p", {late}, to(world));
    const auto took = test::time_of([&] {
      const test::Socket client = world.connect("p");
      CHECK(round_trip(client, "x") == "x");
    });
    CHECK(took >= 300ms);
  }
  SECTION("others are spared") {
    World world;
    world.create("p", {for_destination(toxic_of("stall"), "10.0.0.0/8")}, to(world));
    const test::Socket client = world.open("p");
    CHECK(world.list().front().toxics.front().verdict == Verdict::kDestination);
  }
}

TEST_CASE("a change of protocol closes the proxy's connections", "[greeting]") {
  World world;
  world.create("p");
  const test::Socket client = world.open("p");
  ProxySpec spec = **world.registry.find("p");
  spec.protocols = kSocks;
  spec.upstream = "";
  REQUIRE(world.registry.put(spec, {}, Registry::Attempt::kApply));
  CHECK(test::ending_of(client) == test::Ending::kFinish);
  CHECK(world.end_of(client).destination == world.upstream.address());
  const test::Socket next = world.connect("p");
  next.send(socks_to(world.upstream.address()));
  CHECK(next.receive(kSocksAnswers).size() == kSocksAnswers);
  const auto refused = world.registry.update("p", {.upstream = "127.0.0.1:1"}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("takes no upstream") != std::string::npos);
}

TEST_CASE("a transparent proxy refuses who comes straight to it", "[greeting]") {
  World world;
  world.create_for({.protocol = Protocol::kTransparent});
  const test::Socket client = world.client();
  CHECK(test::ending_of(client) == test::Ending::kFinish);
  CHECK(world.greeting_errors() == 1);
  CHECK(world.end_of(client).by == EndedBy::kGreeting);
}

}  // namespace
}  // namespace faultline
