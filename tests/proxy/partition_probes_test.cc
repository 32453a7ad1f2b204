// Who dials while a partition is there, to see what that is like; and what comes back after it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "proxy/alarm_clock.h"
#include "proxy/recovery.h"
#include "tests/proxy/zoned_world.h"

namespace faultline::test {

namespace {

struct ProbedMesh : ZonedWorld {
  /// Probes the partition, and looks until all have ended.
  const LivePartition& probe(const std::string& name) {
    const auto started = registry.probe_partition(name);
    if (!started) FAIL(started.error().message);
    const LivePartition& live = registry.partitions().all().find(name)->second;
    REQUIRE(eventually([&] {
      look();
      return !live.is_being_probed();
    }));
    return live;
  }
  void look() { registry.look(clock_now()); }

  static const ProbeResult& of(const LivePartition& live, const std::string& client,
                               const std::string& destination) {
    for (const ProbeResult& probe : live.probes) {
      if (probe.client == client && probe.destination == destination) return probe;
    }
    FAIL("no probe of " << client << ">" << destination);
    return live.probes.front();
  }
  void create(const std::string& name, const Protocols& protocols, const std::string& to = "",
              const std::string& listen = "127.0.0.1:0") {
    REQUIRE(registry.create(
        {.name = name, .listen = listen, .upstream = to, .protocols = protocols, .toxics = {}},
        {}));
  }
};

std::string text(ProbeOutcome outcome) {
  return std::string(to_string(outcome));
}

}  // namespace

TEST_CASE("probes: in a black hole nobody is answered, and nobody is counted", "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: b-cut, from: [a], to: [b]}");
  const LivePartition& live = mesh.probe("b-cut");
  REQUIRE(live.probes.size() == 2);
  const ProbeResult& probe = mesh.of(live, "a", "b");
  CHECK(probe.proxy == "to-b");
  CHECK(probe.from.starts_with("127.1.0.1:"));
  CHECK(text(probe.outcome) == (mesh.workers.may_filter_packets() ? "timed-out" : "held"));
  CHECK(probe.after >= ClientProbe::kTimeLimit);
  // Not even by the listening socket's drops, of which a SYN that is sent again is one more.
  CHECK(mesh.registry.dropped_packets(live) == 0);
  CHECK(mesh.pair("b-cut", "a", "b").matched == 0);
  CHECK(mesh.pair("b-cut", "a", "b").refused == 0);
  CHECK(mesh.echo_b.accepted() == 0);
  // It leaves nothing behind.
  CHECK(eventually([&] { return mesh.list().empty(); }));
  auto [client, error] = mesh.dial("1", "to-b", milliseconds(300));
  const bool is_counted = mesh.registry.dropped_packets(live) > 0 ||
                          eventually([&] { return mesh.pair("b-cut", "a", "b").refused == 1; });
  CHECK(is_counted);
}

TEST_CASE("probes: what they see in each mode", "[partition]") {
  ProbedMesh mesh;
  const auto outcome = [&](const std::string& mode) {
    mesh.put("{name: p, from: a, to: b, mode: " + mode + "}");
    return text(mesh.of(mesh.probe("p"), "a", "b").outcome);
  };
  SECTION("reset") {
    const std::string seen = outcome("reset");
    CHECK((seen == "reset" || seen == "refused"));
  }
  SECTION("refuse") {
    const std::string seen = outcome("refuse");  // Others may dial there: it is accepted first.
    CHECK((seen == "reset" || seen == "refused"));
  }
  SECTION("close") {
    CHECK(outcome("close") == "closed");
  }
  SECTION("stall") {
    CHECK(outcome("stall") == "held");
  }
  SECTION("slow") {
    CHECK(outcome("slow, attributes: {latency: 10ms}") == "answered");
  }
  SECTION("a shadow") {
    CHECK(outcome("blackhole, shadow: true") == "answered");
  }
  SECTION("those that were open alone") {
    CHECK(outcome("blackhole, scope: open") == "answered");
  }
  const PairStatus pair = mesh.pair("p", "a", "b");
  CHECK(pair.matched == 0);
  CHECK(pair.applied == 0);
  CHECK(pair.refused == 0);
  CHECK(pair.open == 0);
  CHECK(pair.crossed_bytes == 0);
  CHECK(eventually([&] { return mesh.list().empty(); }));
}

TEST_CASE("probes: one that is spared gets through, and has not crossed", "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b, mode: blackhole, connections: 0.0001%}");
  const LivePartition& live = mesh.probe("p");
  CHECK(text(mesh.of(live, "a", "b").outcome) == "answered");
  CHECK(mesh.pair("p", "a", "b").crossed_connections == 0);
  CHECK(eventually([&] { return mesh.echo_b.accepted() == 1; }));
}

TEST_CASE("probes: of forward proxies, and for clients who say who they are", "[partition]") {
  ProbedMesh mesh;
  for (const char* name : {"to-a", "to-b", "to-c"}) REQUIRE(mesh.registry.remove(name));
  const bool accepts_header = GENERATE(false, true);
  const Protocol protocol = GENERATE(Protocol::kSocks5, Protocol::kConnect);
  mesh.create("all", {.protocol = protocol, .accepts_header = accepts_header});
  mesh.put("{name: p, from: a, to: b, mode: slow, attributes: {latency: 1ms}}");
  // Whom to dial is known once somebody has.
  const ProbeResult unknown = mesh.of(mesh.probe("p"), "a", "b");
  CHECK(text(unknown.outcome) == "not-probed");
  CHECK(unknown.why.find("whom to dial") != std::string::npos);

  Socket client = Socket::connect((*mesh.registry.find("all"))->listen);
  const std::string to = mesh.echo_b.address();
  const std::string port = to.substr(to.rfind(':') + 1);
  const std::string header = accepts_header ? "PROXY TCP4 127.1.0.9 127.0.0.1 4000 80\r\n" : "";
  const int number = std::stoi(port);
  std::string greeting = "CONNECT " + to + " HTTP/1.1\r\nHost: x\r\n\r\n";
  if (protocol == Protocol::kSocks5) {
    greeting = std::string("\x05\x01\x00\x05\x01\x00\x01\x7f\x02\x00\x01", 11);
    greeting += static_cast<char>(number >> 8);
    greeting += static_cast<char>(number & 0xff);
  }
  client.send(header + greeting);
  REQUIRE(eventually([&] { return mesh.list({.state = ConnectionState::kOpen}).size() == 1; }));
  const LivePartition& live = mesh.probe("p");
  const ProbeResult& known = mesh.of(live, "a", "b");
  INFO(known.why);
  CHECK(text(known.outcome) == "answered");
  CHECK(text(mesh.of(live, "b", "a").outcome) == "not-probed");

  mesh.put("{name: p, from: a, to: b}");
  CHECK(mesh.registry.partitions().all().find("p")->second.probes.empty());
  const ProbeResult& cut = mesh.of(mesh.probe("p"), "a", "b");
  CHECK(text(cut.outcome) == "held");
  CHECK(mesh.echo_b.accepted() == 2);
}

TEST_CASE("probes: what cannot be dialled is said", "[partition]") {
  ProbedMesh mesh;
  REQUIRE(mesh.registry.set_zones(
      *decode_zones(document("{far: {cidrs: [198.51.100.0/24]}, b: {cidrs: [127.2.0.0/16]}, "
                             "lost: {}, six: {cidrs: ['2001:db8::/32']}}"),
                    Dialect::kStrict),
      Registry::Attempt::kApply));
  mesh.put("{name: p, from: [far, lost], to: b}");
  const LivePartition& live = mesh.probe("p");
  CHECK(mesh.of(live, "far", "b").why ==
        "proxy `to-b`: no address of zone `far` is this machine's");
  CHECK(text(mesh.of(live, "far", "b").outcome) == "not-probed");

  SECTION("a proxy that is disabled") {
    REQUIRE(mesh.registry.update("to-b", {.enabled = false}, {}));
    mesh.put("{name: q, from: none, to: b}");
    CHECK(mesh.of(mesh.probe("q"), "none", "b").why == "proxy `to-b`: it is disabled");
  }
  SECTION("a PROXY header speaks for whom it likes") {
    mesh.create("herald", {.accepts_header = true}, mesh.echo_b.address());
    mesh.put("{name: q, from: far, to: b}");
    const ProbeResult& probe = mesh.of(mesh.probe("q"), "far", "b");
    CHECK(probe.proxy == "herald");
    CHECK(probe.from == "198.51.100.1");
    CHECK(text(probe.outcome) == "held");
    mesh.put("{name: q, from: six, to: b}");
    const ProbeResult& other = mesh.of(mesh.probe("q"), "six", "b");
    CHECK(other.from == "2001:db8::1");
    CHECK(text(other.outcome) == "held");
  }
}

TEST_CASE("probes: a partition that ends takes its probes along", "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b, mode: stall}");
  REQUIRE(mesh.registry.probe_partition("p"));
  const auto again = mesh.registry.probe_partition("p");
  REQUIRE(!again);
  CHECK(again.error().kind == ErrorKind::kConflict);
  CHECK(mesh.registry.next_look() < kNever);
  SECTION("it is removed") {
    const auto gone = mesh.registry.remove_partition("p");
    REQUIRE(gone);
    CHECK(text(mesh.of(*gone, "a", "b").outcome) == "not-probed");
    CHECK(mesh.of(*gone, "a", "b").why == "the partition has ended first");
  }
  SECTION("its proxy is removed") {
    REQUIRE(mesh.registry.remove("to-b"));
    const LivePartition& live = mesh.registry.partitions().all().find("p")->second;
    CHECK(text(mesh.of(live, "a", "b").outcome) == "not-probed");
    CHECK(mesh.of(live, "a", "b").why == "proxy `to-b` has been changed since");
    CHECK(live.is_being_probed());  // The other way through another.
  }
  SECTION("its proxy comes to be between other zones") {
    ProxySpec moved = **mesh.registry.find("to-b");
    moved.client_zone = "c";
    REQUIRE(mesh.registry.put(moved, {}, Registry::Attempt::kApply));
    const LivePartition& live = mesh.registry.partitions().all().find("p")->second;
    CHECK(mesh.of(live, "a", "b").why == "proxy `to-b` has been changed since");
  }
  mesh.registry.look(clock_now() + ClientProbe::kTimeLimit);
  CHECK(eventually([&] { return mesh.list().empty(); }));
  CHECK(!mesh.registry.probe_partition("nobody"));
}

TEST_CASE("probes: they end in time however often others ask when to look", "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b}");
  REQUIRE(mesh.registry.probe_partition("p"));
  const LivePartition& live = mesh.registry.partitions().all().find("p")->second;
  const TimePoint due = mesh.registry.next_look();
  pause_for(milliseconds(5));
  CHECK(mesh.registry.next_look() == due);
  mesh.look();
  CHECK(mesh.registry.next_look() > due);
  mesh.registry.look(clock_now() + ClientProbe::kTimeLimit);
  CHECK(!live.is_being_probed());
}

TEST_CASE("probes: of a partition as it is now", "[partition]") {
  ProbedMesh mesh;
  SECTION("a zone has gone that it kept apart") {
    mesh.put("{name: p, shape: isolate, zones: [b], mode: reset}");
    CHECK(text(mesh.of(mesh.probe("p"), "c", "b").outcome) == "reset");
    const auto zones = decode_zones(
        document("{a: {cidrs: [127.1.0.0/16]}, b: {cidrs: [127.2.0.0/16]}}"), Dialect::kStrict);
    REQUIRE(mesh.registry.set_zones(*zones, Registry::Attempt::kApply));
    const LivePartition& live = mesh.probe("p");
    CHECK(text(mesh.of(live, "a", "b").outcome) == "reset");
    CHECK(std::none_of(live.probes.begin(), live.probes.end(), [](const ProbeResult& probe) {
      return probe.client == "c" || probe.destination == "c";
    }));
  }
  SECTION("it keeps others apart now") {
    mesh.put("{name: p, from: a, to: b, mode: reset}");
    mesh.probe("p");
    mesh.put("{name: p, from: a, to: c, mode: reset}");
    CHECK(mesh.registry.partitions().all().find("p")->second.probes.empty());
    const LivePartition& live = mesh.probe("p");
    REQUIRE(live.probes.size() == 2);
    CHECK(text(mesh.of(live, "a", "c").outcome) == "reset");
    CHECK(text(mesh.of(live, "c", "a").outcome) == "reset");
  }
  SECTION("it is changed while they are under way") {
    mesh.put("{name: p, from: a, to: b}");
    REQUIRE(mesh.registry.probe_partition("p"));
    mesh.put("{name: p, from: a, to: b, mode: reset}");
    const LivePartition& live = mesh.registry.partitions().all().find("p")->second;
    CHECK(!live.is_being_probed());
    CHECK(text(mesh.of(live, "a", "b").outcome) == "not-probed");
    CHECK(mesh.of(live, "a", "b").why == "the partition has been changed since");
  }
}

TEST_CASE("probes: their packets are nobody's, also where another proxy has the socket",
          "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b}");
  const LivePartition& live = mesh.probe("p");
  REQUIRE(mesh.registry.dropped_packets(live) == 0);
  ProxySpec other = **mesh.registry.find("to-b");
  other.upstream = mesh.echo_c.address();
  other.zone = "b";
  REQUIRE(mesh.registry.populate({other}, {}));
  CHECK((*mesh.registry.find("to-b"))->upstream == mesh.echo_c.address());
  CHECK(mesh.registry.dropped_packets(live) == 0);
}

TEST_CASE("probes: their packets are nobody's from the first", "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b}");
  const auto started = mesh.registry.probe_partition("p");
  REQUIRE(started);
  CHECK(mesh.registry.dropped_packets(*started) == 0);
  mesh.put("{name: p, from: a, to: b, mode: stall}");
  mesh.put("{name: p, from: a, to: b}");
  CHECK(mesh.registry.remove_partition("p")->dropped_packets == 0);
}

TEST_CASE("probes: a name that leads elsewhere is no leak", "[partition]") {
  ProbedMesh mesh;
  // Both addresses of localhost, in two zones; who may not dial the one gets the other.
  const auto zones = decode_zones(document("{a: {cidrs: [127.1.0.0/16]}, "
                                           "b: {cidrs: [127.0.0.1/32]}, c: {cidrs: ['::1/128']}}"),
                                  Dialect::kStrict);
  const Server four(echo(), "127.0.0.1:0");
  const Server six(echo(), "[::1]:" + port_of(four.address()));
  REQUIRE(mesh.registry.set_zones(*zones, Registry::Attempt::kApply));
  mesh.create("named", {}, "localhost:" + port_of(four.address()));
  // Somebody has gone there, so that it is known that the name leads to b.
  mesh.put("{name: q, from: a, to: c, mode: refuse}");
  const Socket to_b = mesh.open("1", "named");
  REQUIRE(mesh.registry.remove_partition("q"));
  mesh.put("{name: p, from: a, to: b, mode: refuse, scope: new}");
  const ProbeResult& probe = mesh.of(mesh.probe("p"), "a", "b");
  CHECK(text(probe.outcome) == "not-probed");
  CHECK(probe.why == "proxy `named`: what it dials there led to zone c instead");
  CHECK(mesh.pair("p", "a", "b").crossed_connections == 0);
}

TEST_CASE("probes: whoever comes after one, to a proxy of the same name, is left alone",
          "[partition]") {
  ProbedMesh mesh;
  mesh.put("{name: p, from: a, to: b, mode: stall}");
  REQUIRE(mesh.registry.probe_partition("p"));
  REQUIRE(eventually([&] { return mesh.list().size() == 2; }));
  REQUIRE(mesh.registry.remove("to-b"));
  mesh.ZonedWorld::create("to-b", {}, mesh.echo_b.address());
  const Socket other = mesh.open("3", "to-b");  // Its first, as the probe was of the other.
  REQUIRE(eventually([&] {
    mesh.look();
    return !mesh.registry.partitions().all().find("p")->second.is_being_probed();
  }));
  CHECK(round_trip(other, "x") == "x");
}

TEST_CASE("recovery: of what had never stopped nothing comes back", "[partition]") {
  ProbedMesh mesh;
  const Socket spared = mesh.open("2", "to-a");
  Socket cut = mesh.open("1", "to-b");
  mesh.put("{name: p, from: a, to: b, direction: from_to, mode: reset}");
  CHECK(cut.receive_all().ending == Ending::kReset);
  CHECK(round_trip(spared, "x") == "x");
  REQUIRE(mesh.registry.remove_partition("p"));
  const Recovery& recovery = *mesh.registry.recovery("p");
  REQUIRE(recovery.links().size() == 1);
  CHECK(recovery.links().front().kept_apart == 1);
  CHECK(round_trip(spared, "x") == "x");
  mesh.registry.look(clock_now() + milliseconds(50));
  CHECK(!recovery.links().front().first_byte_after);
  mesh.open("1", "to-b");
  CHECK(eventually([&] {
    mesh.look();
    return recovery.links().front().first_byte_after.has_value();
  }));
}

TEST_CASE("recovery: the first byte that crosses again, and who dials anew", "[partition]") {
  ProbedMesh mesh;
  Socket client = mesh.open("1", "to-b");
  mesh.put("{name: b-cut, shape: isolate, zones: [b], mode: stall}");
  client.send("kept");
  CHECK(mesh.registry.recovery("b-cut") == nullptr);
  REQUIRE(mesh.registry.remove_partition("b-cut"));
  const Recovery& recovery = *mesh.registry.recovery("b-cut");
  CHECK(client.receive(4) == "kept");
  mesh.open("1", "to-b");
  mesh.open("2", "to-a");
  mesh.open("3", "to-a");  // Was never cut.
  REQUIRE(eventually([&] {
    mesh.look();
    return std::accumulate(recovery.reconnects().begin(), recovery.reconnects().end(), 0U) == 2;
  }));
  for (const Recovery::Link& link : recovery.links()) {
    INFO(link.from << ">" << link.to);
    const bool has_spoken =
        link.from != "none" && link.to != "none" && link.from != "c" && link.to != "c";
    CHECK(link.first_byte_after.has_value() == has_spoken);
    CHECK((link.bytes_before > 0) == has_spoken);
    CHECK(link.kept_apart == (has_spoken ? 1 : 0));
    if (link.first_byte_after) CHECK(*link.first_byte_after <= recovery.watched());
  }
  CHECK(recovery.cuts_all());
  CHECK(!recovery.is_over());
  CHECK(mesh.registry.next_look() < kNever);

  SECTION("it is over when a partition of that name is there again") {
    mesh.put("{name: b-cut, shape: isolate, zones: [b], connections: 50%}");
    CHECK(recovery.is_over());
    CHECK(mesh.registry.next_look() == kNever);
    REQUIRE(mesh.registry.remove_partition("b-cut"));
    mesh.look();
    CHECK(!mesh.registry.recovery("b-cut")->cuts_all());  // Bytes have gone on crossing.
    CHECK(!mesh.registry.recovery("b-cut")->links().front().first_byte_after);
  }
  SECTION("it is over when the zones are others") {
    REQUIRE(mesh.registry.set_zones({}, Registry::Attempt::kApply));
    mesh.registry.look(clock_now() + milliseconds(50));
    CHECK(recovery.is_over());
  }
  SECTION("it is over in time") {
    mesh.registry.look(clock_now() + Recovery::kWatched);
    CHECK(recovery.is_over());
  }
}

}  // namespace faultline::test
