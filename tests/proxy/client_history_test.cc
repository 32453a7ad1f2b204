#include <array>

#include "proxy/alarm_clock.h"
#include "tests/proxy/connection_world.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using test::ending_of;
using test::eventually;
using test::toxic_of;
using World = test::ConnectionWorld;

TEST_CASE("what has ended a connection is remembered", "[client_history]") {
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
    client.send("x");  // Else the upstream may be gone before the dial is known to be done.
    REQUIRE(server.receive(1) == "x");
    server.reset();
    CHECK(ending_of(client) == test::Ending::kReset);
    check(client, {EndedBy::kUpstream, true});
  }
  {
    auto [client, server] = open_pair();
    const std::string address = client.local_address();
    client.send("x");  // As above.
    REQUIRE(server.receive(1) == "x");
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
  {
    auto [client, server] = open_pair();
    client.send("x");
    REQUIRE(server.receive(1) == "x");
    ToxicSpec ends = toxic_of("latency", {1});
    ends.reach.on_remove = OnRemove::kReset;
    REQUIRE(world.registry.add_toxic("p", ends));
    REQUIRE(world.registry.remove_toxic("p", "latency"));
    CHECK(ending_of(client) == test::Ending::kReset);
    const EndedConnection record = check(client, {EndedBy::kToxic, true});
    CHECK(record.toxics == std::vector<std::string>{"latency"});
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

TEST_CASE("a client's past is asked for by time", "[client_history]") {
  World world;
  world.create("p");
  const WallTime now = wall_time_of(clock_now());
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

}  // namespace
}  // namespace faultline
