#include "proxy/connections.h"

#include <set>

#include "proxy/alarm_clock.h"
#include "tests/proxy/connection_world.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using test::ending_of;
using test::eventually;
using test::holding;
using test::toxic_of;
using World = test::ConnectionWorld;

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
  const WallTime before = wall_time_of(clock_now());
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
  CHECK(view.opened < wall_time_of(clock_now()) + 1s);
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

}  // namespace
}  // namespace faultline
