#include "proxy/partition.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "proxy/toxic_clock.h"
#include "tests/proxy/zoned_world.h"

namespace faultline::test {

TEST_CASE("partition: a zone is cut from all others, in both dialling directions", "[partition]") {
  ZonedWorld mesh;
  Socket into = mesh.open("1", "to-b");
  Socket out = mesh.open("2", "to-a");
  Socket within = mesh.open("2", "to-b");
  Socket elsewhere = mesh.open("1", "to-c");

  mesh.put("{name: b-cut, shape: isolate, zones: [b]}");
  CHECK(mesh.matrix() == "a>b cut, b>a cut, b>c cut, b>none cut, c>b cut, none>b cut");
  into.send("lost?");
  out.send("lost?");
  CHECK(into.is_quiet_for(milliseconds(200)));
  CHECK(out.is_quiet_for(milliseconds(1)));
  CHECK(round_trip(within, "within") == "within");
  CHECK(round_trip(elsewhere, "elsewhere") == "elsewhere");

  const PairStatus a_to_b = mesh.pair("b-cut", "a", "b");
  CHECK(a_to_b.matched == 1);
  CHECK(a_to_b.open == 1);
  CHECK(a_to_b.crossed_bytes == 0);
  CHECK(mesh.pair("b-cut", "b", "a").open == 1);
  CHECK(mesh.pair("b-cut", "c", "b").matched == 0);

  REQUIRE(mesh.registry.remove_partition("b-cut"));
  CHECK(into.receive(5) == "lost?");
  CHECK(out.receive(5) == "lost?");
  CHECK(mesh.matrix().empty());
}

TEST_CASE("partition: who dials into a cut zone hears nothing, others connect", "[partition]") {
  ZonedWorld mesh;
  mesh.put("{name: b-cut, from: [a], to: [b]}");
  auto [cut, error] = mesh.dial("1", "to-b", milliseconds(300));
  const bool has_filters = mesh.workers.may_filter_packets();
  if (has_filters) {
    CHECK(error == ETIMEDOUT);
    const LivePartition& live = mesh.registry.partitions().all().find("b-cut")->second;
    CHECK(mesh.registry.dropped_packets(live) > 0);
    const auto engines = mesh.registry.engines_of(live);
    REQUIRE(engines.size() == 2);
    CHECK(engines[1].proxy == "to-b");
    CHECK(engines[1].engine == Engine::kKernel);
    CHECK(engines[1].at_listener);
  } else {
    REQUIRE(error == 0);
    cut.send("x");
    CHECK(cut.is_quiet_for(milliseconds(200)));
    CHECK(mesh.pair("b-cut", "a", "b").refused == 1);
  }
  mesh.open("3", "to-b");
  mesh.open("2", "to-b");
}

TEST_CASE("partition: one way, packets the other way still arrive", "[partition]") {
  ZonedWorld mesh;
  Socket client = mesh.open("1", "to-b");
  mesh.put("{name: half, shape: one-way, zones: [a, b]}");
  CHECK(mesh.matrix() == "a>b cut");
  client.send("gone");
  CHECK(client.is_quiet_for(milliseconds(200)));
  const PairStatus status = mesh.pair("half", "a", "b");
  CHECK(status.open == 1);
  CHECK(status.crossed_bytes == 0);
  REQUIRE(mesh.registry.remove_partition("half"));
  CHECK(client.receive(4) == "gone");

  // A client in b hears what its server in a says, and is not heard.
  Socket other = mesh.open("2", "to-a");
  mesh.put("{name: half, shape: one-way, zones: [b, a]}");
  other.send("vanishes");
  CHECK(other.is_quiet_for(milliseconds(200)));
  CHECK(mesh.pair("half", "b", "a").crossed_bytes == 0);
}

TEST_CASE("partition: the modes", "[partition]") {
  ZonedWorld mesh;
  Socket client = mesh.open("1", "to-b");

  SECTION("reset") {
    mesh.put("{name: p, from: a, to: b, mode: reset}");
    CHECK(client.receive_all().ending == Ending::kReset);
    auto [late, error] = mesh.dial("1", "to-b");
    CHECK((error == ECONNRESET || late.receive_all().ending == Ending::kReset));
    CHECK(mesh.pair("p", "a", "b").refused == 1);
  }
  SECTION("close") {
    mesh.put("{name: p, from: a, to: b, mode: close}");
    CHECK(client.receive_all().ending == Ending::kFinish);
  }
  SECTION("close, of one whose peer takes nothing, and who goes on") {
    const CrowdServer flood(CrowdServer::Manner::kFlood);
    REQUIRE(mesh.registry.create({.name = "to-flood",
                                  .listen = "127.0.0.1:0",
                                  .upstream = flood.address(),
                                  .zone = "b",
                                  .toxics = {}},
                                 {}));
    auto [full, error] = mesh.dial("1", "to-flood");
    REQUIRE(error == 0);
    REQUIRE(eventually([&] {
      const auto all = mesh.list({.proxy = "to-flood"});
      return all.size() == 1 && !all[0].links.empty() && all[0].links[1].waiting_bytes > 0;
    }));
    mesh.put("{name: p, from: a, to: b, mode: close}");
    CHECK(mesh.list({.proxy = "to-flood"}).empty());
    CHECK(full.receive_all().ending == Ending::kFinish);
    CHECK(mesh.pair("p", "a", "b").crossed_bytes == 0);
  }
  SECTION("refuse") {
    mesh.put("{name: p, from: a, to: b, mode: refuse}");
    CHECK(client.receive_all().ending == Ending::kReset);
    mesh.open("3", "to-b");
  }
  SECTION("stall") {
    mesh.put("{name: p, from: a, to: b, mode: stall}");
    client.send("waits");
    CHECK(client.is_quiet_for(milliseconds(200)));
    auto [late, error] = mesh.dial("1", "to-b");
    REQUIRE(error == 0);
    late.send("waits");
    CHECK(late.is_quiet_for(milliseconds(200)));
    REQUIRE(mesh.registry.remove_partition("p"));
    CHECK(client.receive(5) == "waits");
    CHECK(late.receive(5) == "waits");
  }
  SECTION("slow") {
    mesh.put("{name: p, from: a, to: b, mode: slow, attributes: {latency: 150ms}}");
    CHECK(mesh.matrix() == "a>b suffers, b>a suffers");
    std::string echoed;
    CHECK(time_of([&] { echoed = round_trip(client, "slow"); }) >= milliseconds(300));
    CHECK(echoed == "slow");
    CHECK(mesh.pair("p", "a", "b").matched == 1);
    CHECK(mesh.pair("p", "a", "b").open == 1);
  }
  SECTION("lossy") {
    mesh.put("{name: p, from: a, to: b, mode: lossy}");
    CHECK(round_trip(client, "lossy") == "lossy");
    CHECK(mesh.pair("p", "a", "b").matched == 1);
  }
}

TEST_CASE("partition: what listening sockets have dropped stays counted", "[partition]") {
  ZonedWorld mesh;
  if (!mesh.workers.may_filter_packets()) return;  // Nothing is dropped.
  mesh.put("{name: p, from: a, to: [b, c]}");
  CHECK(mesh.dial("1", "to-b", milliseconds(100)).second == ETIMEDOUT);
  CHECK(mesh.dial("1", "to-c", milliseconds(100)).second == ETIMEDOUT);
  const auto dropped = [&] {
    return mesh.registry.dropped_packets(mesh.registry.partitions().all().find("p")->second);
  };
  REQUIRE(dropped() == 2);
  REQUIRE(mesh.registry.update("to-b", {.enabled = false}, {}));
  CHECK(dropped() == 2);
  REQUIRE(mesh.registry.update("to-b", {.enabled = true}, {}));
  REQUIRE(mesh.registry.remove("to-c"));
  CHECK(dropped() == 2);
  mesh.put("{name: p, from: a, to: [b, c], mode: reset}");
  CHECK(dropped() == 2);
  mesh.put("{name: p, from: a, to: [b, c]}");
  CHECK(mesh.dial("1", "to-b", milliseconds(100)).second == ETIMEDOUT);
  CHECK(dropped() == 3);
  ProxySpec renamed = **mesh.registry.find("to-b");  // It takes the listening socket over.
  renamed.name = "also-to-b";
  REQUIRE(mesh.registry.reload({.proxies = {**mesh.registry.find("to-b")}}, {.proxies = {renamed}},
                               {}));
  CHECK(dropped() == 3);
  CHECK(mesh.registry.remove_partition("p")->dropped_packets == 3);
}

TEST_CASE("partition: heal reset ends those it was on", "[partition]") {
  ZonedWorld mesh;
  Socket cut = mesh.open("1", "to-b");
  Socket other = mesh.open("3", "to-b");
  mesh.put("{name: p, from: a, to: b, heal: reset}");
  REQUIRE(mesh.registry.remove_partition("p"));
  CHECK(cut.receive_all().ending == Ending::kReset);
  CHECK(round_trip(other, "x") == "x");
}

TEST_CASE("partition: a share is the same of both directions, and of each run", "[partition]") {
  const auto cut_ones = [](const std::string& yaml) {
    ZonedWorld mesh;
    std::vector<Socket> clients;
    for (int i = 0; i < 40; ++i) clients.push_back(mesh.open("1", "to-b"));
    mesh.put(yaml);
    std::vector<int> cut;
    for (int i = 0; i < 40; ++i) clients[static_cast<std::size_t>(i)].send("x");
    pause_for(milliseconds(300));
    for (int i = 0; i < 40; ++i) {
      if (clients[static_cast<std::size_t>(i)].is_quiet_for(milliseconds(0))) cut.push_back(i);
    }
    return cut;
  };
  const std::string yaml = "{name: some, from: a, to: b, connections: 30%}";
  const auto first = cut_ones(yaml);
  CHECK(first.size() > 3);
  CHECK(first.size() < 25);
  CHECK(cut_ones(yaml) == first);
  CHECK(cut_ones("{name: some, from: b, to: a, connections: 30%, direction: from_to}") == first);
}

TEST_CASE("partition: by turns", "[partition]") {
  ZonedWorld mesh;
  Socket client = mesh.open("1", "to-b");
  mesh.put("{name: p, from: a, to: b, mode: stall, flap: {on: 300ms, off: 300ms}}");
  CHECK(mesh.matrix() == "a>b partial, b>a partial");
  client.send("x");
  CHECK(client.is_quiet_for(milliseconds(100)));
  CHECK(client.receive(1) == "x");
}

TEST_CASE("partition: turns that are drawn are the same on all proxies", "[partition]") {
  const auto map = ZoneMap::build({{"a", {}}, {"b", {}}, {"c", {}}});
  REQUIRE(map);
  Partitions partitions(1, 7);
  partitions.set_zones(std::make_shared<const ZoneMap>(*map));
  const PartitionSpec spec =
      partition("{name: p, from: a, to: [b, c], flap: {on: 5s, off: 5s, jitter: 4s}}");
  const auto links = partitions.check(spec);
  REQUIRE(links);
  partitions.put(spec, *links, 1, {});
  // When the part on a proxy whose upstream is in that zone is in force, each 100 ms.
  const auto turns = [&](const std::string& zone, std::uint64_t proxy) {
    const ProxyZones zones = {
        .map = partitions.map(), .client = map->id_of("a"), .destination = map->id_of(zone)};
    const std::vector<ToxicSpec> parts = partitions.parts_for(zones);
    REQUIRE(parts.size() == 1);
    LiveToxic part;
    part.id = 1;
    part.spec = parts[0];
    part.chance_key = proxy;
    ToxicClock clock;
    clock.set(std::make_shared<const ToxicSet>(ToxicSet{part}));
    std::vector<bool> on;
    for (int i = 0; i < 1000; ++i) {
      on.push_back(!clock.at(TimePoint() + i * milliseconds(100))->empty());
    }
    return on;
  };
  const std::vector<bool> of_b = turns("b", 1);
  CHECK(of_b == turns("c", 2));
  CHECK(std::count(of_b.begin(), of_b.end(), true) > 100);
  CHECK(std::count(of_b.begin(), of_b.end(), false) > 100);
}

TEST_CASE("partition: who is held in the middle of a greeting hears nothing", "[partition]") {
  ZonedWorld mesh;
  const Protocols header = {.accepts_header = true};
  REQUIRE(mesh.registry.create({.name = "p",
                                .listen = "127.0.0.1:0",
                                .upstream = mesh.upstream.address(),
                                .protocols = header,
                                .zone = "b",
                                .client_zone = "a",
                                .toxics = {}},
                               {}));
  Socket client = mesh.connect("p");
  client.send("PROXY TCP4 10.1.2.3 ");
  mesh.only_one(ConnectionState::kGreeting);
  mesh.put("{name: cut, from: a, to: b}");
  CHECK(client.is_quiet_for(milliseconds(11'500)));
  REQUIRE(mesh.registry.remove_partition("cut"));
  client.send("10.9.9.9 4000 80\r\nhello");
  CHECK(client.receive(5) == "hello");
}

TEST_CASE("partition: proxies that come later, and what proxies say of their zones",
          "[partition]") {
  ZonedWorld mesh;
  mesh.put("{name: p, from: a, to: b, mode: reset}");
  const auto made = mesh.registry.create({.name = "named",
                                          .listen = "127.0.0.1:0",
                                          .upstream = mesh.upstream.address(),
                                          .zone = "b",
                                          .client_zone = "a",
                                          .toxics = {}},
                                         {});
  REQUIRE(made);
  auto [client, error] = Socket::try_connect((*made)->listen);
  CHECK((error != 0 || client.receive_all().ending == Ending::kReset));

  ProxySpec moved = **made;
  moved.client_zone = "c";
  REQUIRE(mesh.registry.put(moved, {}, Registry::Attempt::kApply));
  Socket free = Socket::connect(moved.listen);
  CHECK(round_trip(free, "x") == "x");

  moved.zone = "d";
  const auto refused = mesh.registry.put(moved, {}, Registry::Attempt::kApply);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "zone: there is no zone `d`; there are a, b, c");
}

TEST_CASE("partition: an upstream with a name is in the zone of the address that answers",
          "[partition]") {
  ZonedWorld mesh;
  const std::string port = port_of(mesh.upstream.address());
  const auto zones = decode_zones(document("{a: {cidrs: [127.1.0.0/16]}, "
                                           "b: {cidrs: [127.0.0.0/16]}, "
                                           "six: {cidrs: ['::1']}}"),
                                  Dialect::kStrict);
  REQUIRE(zones);
  REQUIRE(mesh.registry.set_zones(*zones, Registry::Attempt::kApply));
  mesh.create("by-name", {}, "localhost:" + port);
  Socket open = mesh.open("1", "by-name");
  mesh.put("{name: p, from: a, to: b}");
  open.send("x");
  CHECK(open.is_quiet_for(milliseconds(200)));
  auto [held, error] = mesh.dial("1", "by-name");
  REQUIRE(error == 0);
  held.send("y");
  CHECK(held.is_quiet_for(milliseconds(400)));
  CHECK(mesh.pair("p", "a", "b").open == 1);
  CHECK(mesh.pair("p", "a", "b").refused == 1);
  CHECK(mesh.pair("p", "a", "b").crossed_connections == 0);
  REQUIRE(mesh.registry.remove_partition("p"));
  CHECK(held.receive(1) == "y");
  CHECK(open.receive(1) == "x");
}

TEST_CASE("partition: a toxic can be for the clients of a zone", "[partition]") {
  ZonedWorld mesh;
  Socket in_a = mesh.open("1", "to-b");
  Socket in_c = mesh.open("3", "to-b");
  ToxicSpec toxic = toxic_of("reset");
  toxic.match.client_zones = {"a"};
  REQUIRE(mesh.registry.add_toxic("to-b", toxic));
  CHECK(in_a.receive_all().ending == Ending::kReset);
  CHECK(round_trip(in_c, "x") == "x");
  toxic.name = "other";
  toxic.match.client_zones = {"z"};
  const auto refused = mesh.registry.add_toxic("to-b", toxic);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "toxic `other`: clients: there is no zone `z`; there are a, b, c");
  // It stays, and means the same, when zones come.
  std::vector<ZoneSpec> zones = mesh.registry.partitions().zones().zones();
  zones.push_back({"Z", {}});
  REQUIRE(mesh.registry.set_zones(zones, Registry::Attempt::kApply));
  auto [late, error] = mesh.dial("1", "to-b");
  CHECK((error == ECONNRESET || late.receive_all().ending == Ending::kReset));
  mesh.open("3", "to-b");
}

TEST_CASE("partition: where clients say where they go, and who they are", "[partition]") {
  ZonedWorld mesh;
  REQUIRE(mesh.registry.create({.name = "any",
                                .listen = "127.0.0.1:0",
                                .upstream = "",
                                .protocols = {.protocol = Protocol::kSocks5},
                                .toxics = {}},
                               {}));
  // SOCKS 5 with a user name, to an IPv4 address; the answer's second byte says how it went.
  const auto ask = [&](const Socket& client, const std::string& user, const std::string& to) {
    const auto address = addresses_of(*parse_host_port(to), {})->front();
    const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
    client.send(std::string("\x05\x01\x02", 3));
    REQUIRE(client.receive(2) == "\x05\x02");
    client.send(std::string("\x01") + static_cast<char>(user.size()) + user + "\x01x");
    REQUIRE(client.receive(2) == std::string("\x01\x00", 2));
    std::string request("\x05\x01\x00\x01", 4);
    request.append(reinterpret_cast<const char*>(&in.sin_addr), 4);
    request.append(reinterpret_cast<const char*>(&in.sin_port), 2);
    client.send(request);
  };
  const auto dial = [&] { return Socket::connect((*mesh.registry.find("any"))->listen); };
  const auto has_gone = [&](const Socket& client) {
    const std::string answer = client.receive(10);
    return static_cast<int>(answer[1]);
  };

  Socket open = dial();
  ask(open, "a", mesh.echo_b.address());
  REQUIRE(has_gone(open) == 0);
  CHECK(round_trip(open, "x") == "x");

  mesh.put("{name: p, from: a, to: b}");
  open.send("stands");
  CHECK(open.is_quiet_for(milliseconds(200)));
  Socket held = dial();
  ask(held, "a", mesh.echo_b.address());
  CHECK(held.is_quiet_for(milliseconds(200)));
  for (const auto& [user, to] : {std::pair("c", &mesh.echo_b), std::pair("a", &mesh.echo_c)}) {
    Socket free = dial();
    ask(free, user, to->address());
    CHECK(has_gone(free) == 0);
    CHECK(round_trip(free, "x") == "x");
  }
  CHECK(mesh.pair("p", "a", "b").open == 1);
  CHECK(mesh.pair("p", "a", "b").refused == 1);
  CHECK(mesh.pair("p", "a", "b").crossed_bytes == 0);
  CHECK(mesh.pair("p", "a", "b").crossed_connections == 0);

  mesh.put("{name: p, from: a, to: b, mode: refuse}");
  CHECK(open.receive_all().ending == Ending::kReset);
  Socket refused = dial();
  ask(refused, "a", mesh.echo_b.address());
  CHECK(has_gone(refused) == 5);  // RFC 1928: connection refused.
  REQUIRE(mesh.registry.remove_partition("p"));
}

}  // namespace faultline::test
