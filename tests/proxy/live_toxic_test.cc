#include "proxy/live_toxic.h"

#include <utility>

#include "proxy/packet_program.h"
#include "proxy/toxic_clock.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

LiveToxic toxic_with(float toxicity) {
  LiveToxic toxic;
  toxic.id = 1;
  toxic.spec.type = find_toxic_type("noop");
  toxic.spec.toxicity = toxicity;
  toxic.chance_key = 12345;
  toxic.counters = std::make_shared<std::vector<ToxicCounters>>(1);
  toxic.line = std::make_shared<SharedLine>();
  return toxic;
}

ConnectionIdentity connection(std::uint64_t ordinal) {
  return {ordinal};
}

int hits(const LiveToxic& toxic, int connections = 10'000) {
  int count = 0;
  for (int i = 0; i < connections; ++i)
    count += toxic.applies_to(connection(i), TimePoint{}) ? 1 : 0;
  return count;
}

TEST_CASE("toxicity is the share of connections, and its ends are all and none", "[live_toxic]") {
  CHECK(hits(toxic_with(0)) == 0);
  CHECK(hits(toxic_with(-1)) == 0);
  CHECK(hits(toxic_with(1)) == 10'000);
  CHECK(hits(toxic_with(80)) == 10'000);
  CHECK(hits(toxic_with(0.3F)) == Approx(3000).margin(200));
}

TEST_CASE("a changed toxicity moves only the connections it must", "[live_toxic][B5]") {
  const LiveToxic before = toxic_with(0.4F);
  const LiveToxic more = toxic_with(0.5F);
  for (int i = 0; i < 10'000; ++i) {
    if (before.applies_to(connection(i), TimePoint{}))
      REQUIRE(more.applies_to(connection(i), TimePoint{}));
  }
  CHECK(hits(more) > hits(before));
}

TEST_CASE("a match by count spares the connections that were there before", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.first_new = 10;
  const auto hit = [&] {
    std::vector<int> ordinals;
    for (int i = 0; i < 20; ++i) {
      if (toxic.applies_to(connection(i), TimePoint{})) ordinals.push_back(i);
    }
    return ordinals;
  };
  toxic.spec.match.count = {.first = 2};
  CHECK(hit() == std::vector<int>{10, 11});
  toxic.spec.match.count = {.every = 4};
  CHECK(hit() == std::vector<int>{13, 17});
  toxic.spec.match.count = {.first = 5, .every = 2};
  CHECK(hit() == std::vector<int>{11, 13});
}

TEST_CASE("a match by count counts all connections of the proxy, whoever its clients are",
          "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.match = {.clients = {*IpPrefix::parse("10.0.0.0/8")}, .count = {.every = 3}};
  const auto from = [](int ordinal, const char* address) {
    const auto client = addresses_of(*parse_host_port(std::string(address) + ":1"), {});
    REQUIRE(client);
    return ConnectionIdentity{static_cast<std::uint64_t>(ordinal), client->front()};
  };
  CHECK(toxic.applies_to(from(2, "10.0.0.1"), TimePoint{}));
  CHECK_FALSE(toxic.applies_to(from(5, "192.168.0.1"), TimePoint{}));
  // The third that comes from there, and not the third of the proxy.
  CHECK_FALSE(toxic.applies_to(from(7, "10.0.0.1"), TimePoint{}));
  CHECK(toxic.applies_to(from(8, "10.0.0.1"), TimePoint{}));
}

/// A connection of that client, by its address and port.
ConnectionIdentity of_client(std::uint64_t ordinal, const std::string& client) {
  const auto addresses = addresses_of(*parse_host_port(client), {});
  REQUIRE(addresses);
  return {ordinal, addresses->front()};
}

TEST_CASE("a share is drawn for each connection, beside its toxicity", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.match.share = ConnectionShare{.share = 0.3};
  CHECK(hits(toxic) == Approx(3000).margin(200));
  const LiveToxic less = [&] {
    LiveToxic copy = toxic;
    copy.spec.match.share->share = 0.2;
    return copy;
  }();
  for (int i = 0; i < 10'000; ++i) {  // Sticky: who has it with less has it with more.
    if (less.applies_to(connection(i), TimePoint{})) {
      REQUIRE(toxic.applies_to(connection(i), TimePoint{}));
    }
  }
  toxic.spec.toxicity = 0.5F;
  CHECK(hits(toxic) == Approx(1500).margin(150));  // Both draws, not the lower of them.
  toxic.spec.match.share->share = 0;
  CHECK(hits(toxic) == 0);
}

TEST_CASE("a share by client is one draw for each address", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.match.share = ConnectionShare{.share = 0.3, .by = ConnectionShare::By::kClient};
  CHECK(need_client({toxic}));
  const auto is_hit = [&](std::uint64_t ordinal, const std::string& client) {
    return toxic.applies_to(of_client(ordinal, client), TimePoint{});
  };
  int chosen = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string v4 = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    const bool hit = is_hit(0, v4 + ":1");
    REQUIRE(is_hit(7, v4 + ":999") == hit);
    REQUIRE(is_hit(8, "[::ffff:" + v4 + "]:5") == hit);  // As a listener for both families has it.
    const std::string v6 = "[fd00::" + std::to_string(i) + "]";
    REQUIRE(is_hit(1, v6 + ":1") == is_hit(2, v6 + ":2"));
    chosen += hit ? 1 : 0;
  }
  CHECK(chosen == Approx(300).margin(60));
}

TEST_CASE("clients can be spared, also among those that are named", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.match.not_clients = {*IpPrefix::parse("10.1.0.0/16"), *IpPrefix::parse("fd00::/8")};
  CHECK(need_client({toxic}));
  const auto is_hit = [&](const std::string& client) {
    return toxic.applies_to(of_client(0, client), TimePoint{});
  };
  CHECK(is_hit("10.2.0.1:1"));
  CHECK_FALSE(is_hit("10.1.2.3:1"));
  CHECK_FALSE(is_hit("[::ffff:10.1.2.3]:1"));
  CHECK_FALSE(is_hit("[fd00::1]:1"));
  toxic.spec.match.clients = {*IpPrefix::parse("10.0.0.0/8")};
  CHECK(is_hit("10.2.0.1:1"));
  CHECK_FALSE(is_hit("10.1.0.1:1"));
  CHECK_FALSE(is_hit("192.168.0.1:1"));
}

TEST_CASE("the listening socket is left alone where somebody is spared", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.effects.from_dialling.drop_all = true;
  toxic.effects.listening = Listening::kFull;
  toxic.effects.mirrors_upstream = true;
  const auto is_touched = [&] { return listener_faults({toxic}) != ListenerFaults{}; };
  CHECK(is_touched());
  toxic.spec.match.share = ConnectionShare{.share = 1};
  CHECK(is_touched());
  toxic.spec.match.share->share = 0.99;
  CHECK_FALSE(is_touched());
  toxic.spec.match = {.not_clients = {*IpPrefix::parse("10.1.0.0/16")}};
  CHECK_FALSE(is_touched());
}

TEST_CASE("the listening socket is left alone where it is not known who is spared",
          "[live_toxic][destination]") {
  LiveToxic toxic = toxic_with(1);
  toxic.effects.from_dialling.drop_all = true;
  const auto is_touched = [&](const Foreknowledge& known) {
    return listener_faults({toxic}, known) != ListenerFaults{};
  };
  const Foreknowledge literal = {.destination = destination_of("10.2.3.4:80")};
  const Foreknowledge named = {.destination = destination_of("db1:80")};
  toxic.spec.match.destinations = {*DestinationPattern::parse("10.2.0.0/16")};
  CHECK(is_touched(literal));
  CHECK_FALSE(is_touched(named));
  CHECK_FALSE(is_touched({}));
  toxic.spec.match.destinations.push_back(*DestinationPattern::parse("db1"));
  CHECK(is_touched(named));
  toxic.spec.match = {.clients = {*IpPrefix::parse("10.1.0.0/16")}};
  CHECK(is_touched({}));
  CHECK_FALSE(is_touched({.knows_clients = false}));
}

TEST_CASE("a toxic waits until it is known whether it is for a connection",
          "[live_toxic][destination]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.match.destinations = {*DestinationPattern::parse("10.2.0.0/16")};
  CHECK(need_destination({toxic}));
  ConnectionIdentity client = connection(5);
  const auto verdict = [&] { return to_string(toxic.verdict_on(client, TimePoint{})); };
  CHECK(verdict() == "destination");
  client.destination = destination_of("db1:80");
  CHECK(verdict() == "destination");
  client.destination.address = destination_of("10.2.3.4:80").address;
  CHECK(verdict() == "applies");
  client.knows_client = false;
  CHECK(verdict() == "applies");
  toxic.spec.match.not_clients = {*IpPrefix::parse("10.1.0.0/16")};
  CHECK(verdict() == "client");
}

TEST_CASE("a toxic that spares a connection says why", "[live_toxic][verdict]") {
  const auto verdict = [](const auto& change) {
    LiveToxic toxic = toxic_with(1);
    change(toxic);
    ConnectionIdentity client = connection(5);
    client.client = addresses_of(*parse_host_port("10.1.2.3:80"), {})->front();
    const Verdict found = toxic.verdict_on(client, TimePoint{});
    CHECK(toxic.applies_to(client, TimePoint{}) == (found == Verdict::kApplies));
    return to_string(found);
  };
  CHECK(verdict([](LiveToxic&) {}) == "applies");
  CHECK(verdict([](LiveToxic& toxic) { toxic.effects.scope = Scope::kOpen; }) == "scope");
  CHECK(verdict([](LiveToxic& toxic) {
          toxic.spec.match.clients = {*IpPrefix::parse("10.1.0.0/16")};
        }) == "applies");
  CHECK(verdict([](LiveToxic& toxic) {
          toxic.spec.match.clients = {*IpPrefix::parse("10.2.0.0/16")};
        }) == "client");
  CHECK(verdict([](LiveToxic& toxic) { toxic.spec.match.count.first = 5; }) == "count");
  CHECK(verdict([](LiveToxic& toxic) { toxic.spec.match.count.first = 6; }) == "applies");
  CHECK(verdict([](LiveToxic& toxic) { toxic.spec.timing.time.after = Duration(1); }) == "time");
  CHECK(verdict([](LiveToxic& toxic) { toxic.spec.toxicity = 0; }) == "toxicity");
}

TEST_CASE("a connection gets the stages of its direction, in order", "[live_toxic]") {
  ToxicSet toxics = {toxic_with(1), toxic_with(1), toxic_with(0), toxic_with(1)};
  for (std::size_t i = 0; i < toxics.size(); ++i) toxics[i].id = i + 1;
  toxics[1].spec.direction = Direction::kUpstream;
  const std::vector<StagePlan> down =
      stages_for(toxics, Direction::kDownstream, connection(0), 0, TimePoint{});
  REQUIRE(down.size() == 2);
  CHECK(down[0].id == 1);
  CHECK(down[1].id == 4);
  CHECK(down[0].counters == &toxics[0].counters->front());
  CHECK(down[0].line == toxics[0].line.get());
  const std::vector<StagePlan> up =
      stages_for(toxics, Direction::kUpstream, connection(0), 0, TimePoint{});
  REQUIRE(up.size() == 1);
  CHECK(up[0].id == 2);
}

Effects effects_of(const std::string& type, const Attributes& attributes, ToxicTiming timing) {
  ToxicSpec spec;
  spec.type = find_toxic_type(type);
  spec.attributes = attributes_of(type, attributes);
  spec.timing = timing;
  return effects_for(spec, 0, nullptr, {.can_filter_packets = true});
}

TEST_CASE("a toxic for some bytes of a stream is not about windows and dials", "[live_toxic]") {
  const ToxicTiming bytes{.bytes = ByteWindow::Bounds{.after = 1024}};
  CHECK(effects_of("zero_window", {}, {}).shuts_client_window);
  CHECK_FALSE(effects_of("zero_window", {}, bytes).shuts_client_window);
  CHECK(effects_of("zero_window", {2}, {}).shuts_upstream_window);
  CHECK_FALSE(effects_of("zero_window", {2}, bytes).shuts_upstream_window);
  CHECK(effects_of("connect_delay", {50}, {}).dial_delay);
  CHECK_FALSE(effects_of("connect_delay", {50}, bytes).dial_delay);
  CHECK(effects_of("upstream_down", {}, {}).resets_undialled);
  CHECK_FALSE(effects_of("upstream_down", {}, bytes).resets_undialled);
}

TEST_CASE("an ending of the whole connection counts the bytes of its own stream", "[live_toxic]") {
  const std::string type = GENERATE("reset", "close", "refuse", "limit_time");
  const Direction stream = GENERATE(Direction::kDownstream, Direction::kUpstream);
  CAPTURE(type, static_cast<int>(stream));
  LiveToxic toxic = toxic_with(1);
  toxic.spec.type = find_toxic_type(type);
  toxic.spec.attributes = attributes_of(type, {});
  toxic.spec.direction = stream;
  toxic.spec.timing.bytes = ByteWindow::Bounds{.after = 1024};
  toxic.effects = effects_for(toxic.spec, 0, nullptr, {});
  const ToxicSet toxics = {toxic};
  for (const Direction link : {Direction::kDownstream, Direction::kUpstream}) {
    CHECK(stages_for(toxics, link, connection(0), 0, TimePoint{}).size() == (link == stream));
  }
}

TEST_CASE("a ramp's steps are rounded to what attributes hold", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.spec.type = find_toxic_type("packet_loss");
  toxic.spec.attributes = attributes_of("packet_loss", {});
  const int index = toxic.spec.type->attribute_index("k");
  constexpr std::chrono::milliseconds kOver(10'000);
  toxic.spec.timing.ramp =
      ToxicRamp{.attribute = index, .values = {.from = 0, .to = 0.00001, .over = kOver}};
  ToxicClock clock;
  clock.set(std::make_shared<const ToxicSet>(ToxicSet{toxic}));
  for (const int share : {1, 26, 50, 99}) {  // In hundredths of the way.
    const auto present = clock.at(TimePoint(kOver * share / 100));
    const AttributeValue k = present->front().spec.attributes[static_cast<std::size_t>(index)];
    CHECK(k == (share + 5) / 10);
  }
}

TEST_CASE("a connection begins with the toxics there are as its links are made", "[live_toxic]") {
  LiveToxic toxic = toxic_with(1);
  toxic.first_new = 3;
  const auto begins = [&](ConnectionIdentity connection) {
    return stages_for({toxic}, Direction::kDownstream, connection, 0, TimePoint{}).at(0).is_new;
  };
  CHECK(begins({.ordinal = 3, .is_beginning = true}));
  CHECK_FALSE(begins({.ordinal = 3}));  // A pulse has turned it on, say.
  CHECK_FALSE(begins({.ordinal = 2, .is_beginning = true}));
  toxic.spec.timing.bytes = ByteWindow::Bounds{.after = 0, .until = 10};
  CHECK(begins({.ordinal = 3, .is_beginning = true}));
  toxic.spec.timing.bytes->after = 1;
  CHECK_FALSE(begins({.ordinal = 3, .is_beginning = true}));
}

TEST_CASE("a ramp has one engine all the way", "[live_toxic]") {
  ToxicSpec toxic;
  toxic.type = find_toxic_type("packet_loss");
  toxic.attributes = attributes_of("packet_loss", {AttributeValue::kMillion / 10});
  const auto engine = [&](std::uint64_t step) {
    return effects_for(toxic, step, nullptr, {.can_filter_packets = true}).engine;
  };
  toxic.timing.ramp = {.values = {.from = 0, .to = 0.5, .over = std::chrono::seconds(20)}};
  CHECK(engine(0) == Engine::kKernel);
  CHECK(engine(200) == Engine::kKernel);
  toxic.timing.ramp->attribute = toxic.type->attribute_index("rtt");
  toxic.timing.ramp->values.to = 100;
  CHECK(engine(0) == Engine::kModel);
  CHECK(engine(200) == Engine::kModel);
  toxic.timing.ramp->values.to = 0;  // Whatever is in the attribute that it moves.
  toxic.attributes[static_cast<std::size_t>(toxic.timing.ramp->attribute)] = 1'000'000;
  CHECK(engine(0) == Engine::kKernel);
}

TEST_CASE("a socket's packet filter is as short with a thousand toxics as with one",
          "[live_toxic]") {
  LiveToxic mtu_blackhole = toxic_with(1);
  mtu_blackhole.spec.type = find_toxic_type("mtu_blackhole");
  mtu_blackhole.effects.from_client.longer_than = 1400;
  LiveToxic dead_zone = toxic_with(1);
  dead_zone.spec.type = find_toxic_type("blackhole");
  dead_zone.effects.from_dialling.drop_all = true;
  ToxicSet toxics(1'000, mtu_blackhole);
  toxics.insert(toxics.end(), 5'000, dead_zone);
  const ConnectionFaults faults = faults_for(toxics, connection(0), TimePoint{});
  CHECK(faults.client.drops == PacketRules{PacketRule{.longer_than = 1400}});
  CHECK(PacketProgram::build(faults.client.drops));
  CHECK(listener_faults(toxics).drops == PacketRules{PacketRule{.drop_all = true}});
}

TEST_CASE("packet rules of several toxics drop what each would, by source", "[live_toxic]") {
  const std::vector<IpPrefix> tens = {IpPrefix::parse("10.0.0.0/8").value()};
  const auto rules_of = [](const std::vector<PacketRule>& rules) {
    ToxicSet toxics;
    for (const PacketRule& rule : rules) {
      LiveToxic& toxic = toxics.emplace_back(toxic_with(1));
      toxic.effects.from_dialling = rule;
      toxic.spec.match.clients = std::exchange(toxic.effects.from_dialling.sources, {});
    }
    return listener_faults(toxics).drops;
  };
  CHECK(rules_of({{.loss = 0.1}, {}}) == PacketRules{PacketRule{.loss = 0.1}});
  CHECK(rules_of({{.loss = 0.1}, {.loss = 1}}) == PacketRules{PacketRule{.loss = 1}});
  const PacketRules both = rules_of({{.loss = 0.1}, {.longer_than = 900}, {.loss = 0.5}});
  REQUIRE(both.size() == 1);
  CHECK(both[0].loss == Approx(0.55));
  CHECK(both[0].longer_than == 900);
  CHECK_FALSE(both[0].drop_all);
  CHECK(rules_of({{.longer_than = 1500}, {.drop_all = true}, {.longer_than = 1400}}) ==
        PacketRules{PacketRule{.drop_all = true, .longer_than = 1400}});
  CHECK(rules_of({{.drop_all = true, .sources = tens},
                  {.longer_than = 900},
                  {.loss = 0.5, .sources = tens}}) ==
        PacketRules{PacketRule{.drop_all = true, .loss = 0.5, .sources = tens},
                    PacketRule{.longer_than = 900}});
}

}  // namespace
}  // namespace faultline
