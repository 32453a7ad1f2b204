// Changes of zones and partitions: what is refused, and what a reload does.

#include <catch2/catch.hpp>

#include "tests/proxy/zoned_world.h"

namespace faultline::test {

TEST_CASE("partition: zones that come later know where connections went", "[partition]") {
  ZonedWorld mesh;
  REQUIRE(mesh.registry.set_zones({}, Registry::Attempt::kApply));
  const std::string port = port_of(mesh.upstream.address());
  mesh.create("by-name", {}, "localhost:" + port);
  Socket client = mesh.open("1", "by-name");
  const std::vector<ZoneSpec> later = {{"a", {*IpPrefix::parse("127.1.0.0/16")}},
                                       {"b", {*IpPrefix::parse("127.0.0.0/16")}},
                                       {"six", {*IpPrefix::parse("::1")}}};
  REQUIRE(mesh.registry.set_zones(later, Registry::Attempt::kApply));
  mesh.put("{name: p, from: a, to: b}");
  CHECK(mesh.pair("p", "a", "b").open == 1);
}

TEST_CASE("partition: what is asked for is checked in full, and changes nothing", "[partition]") {
  ZonedWorld mesh;
  const auto error_of = [&](const std::string& yaml) {
    auto spec = decode_partition(document(yaml), Dialect::kStrict);
    if (!spec) return spec.error().message;
    const auto put = mesh.registry.put_partition(*spec, Registry::Attempt::kTry);
    return put ? "" : put.error().message;
  };
  CHECK(error_of("{from: a, to: b}").empty());
  CHECK(mesh.registry.partitions().all().empty());
  CHECK(error_of("{from: a, to: d}") == "there is no zone `d`; there are a, b, c");
  CHECK(error_of("{from: a}").find("missing required field: to") != std::string::npos);
  CHECK(error_of("{from: a, to: b, mode: blackhol}").find("did you mean `blackhole`?") !=
        std::string::npos);
  CHECK(error_of("{from: a, to: b, attributes: {latency: 1ms}}")
            .find("attributes are for the modes slow and lossy") != std::string::npos);
  CHECK(error_of("{from: a, to: b, zones: [c]}").find("zones goes with a shape") !=
        std::string::npos);
  CHECK(error_of("{shape: isolate, zones: [b], to: c}").find("to does not go with shape isolate") !=
        std::string::npos);
  CHECK(error_of("{from: a, to: b, connections: 0}").find("none of them") != std::string::npos);
  CHECK(error_of("{from: a, to: b, name: 'a b'}").find("named as zones are") != std::string::npos);

  mesh.registry.halt();
  CHECK(error_of("{from: a, to: b}").find("faults are halted") == 0);
}

TEST_CASE("partition: a reload does what the file's changes say, and nothing else", "[partition]") {
  ZonedWorld mesh;
  const std::vector<ZoneSpec> zones = mesh.registry.partitions().zones().zones();
  Configured file{.zones = zones, .partitions = {partition("{name: p, from: a, to: b}")}};
  REQUIRE(mesh.registry.reload({.zones = zones}, file, {}));
  CHECK(mesh.matrix() == "a>b cut, b>a cut");

  // It has healed, and the API has changed a zone: a file that says the same changes neither.
  REQUIRE(mesh.registry.remove_partition("p"));
  std::vector<ZoneSpec> changed = zones;
  changed[2].cidrs.push_back(*IpPrefix::parse("127.9.0.0/16"));
  REQUIRE(mesh.registry.set_zones(changed, Registry::Attempt::kApply));
  REQUIRE(mesh.registry.reload(file, file, {}));
  CHECK(mesh.registry.partitions().all().empty());
  CHECK(mesh.registry.partitions().zones().zones() == changed);

  // The zones move under a partition that moves with them: b and c are never between its links.
  Configured with_reset = file;
  with_reset.partitions = {partition("{name: p, from: a, to: b, mode: reset}")};
  REQUIRE(mesh.registry.reload(file, with_reset, {}));
  Socket between = mesh.open("2", "to-c");
  Configured moved = with_reset;
  moved.zones = {zones[1], zones[2], {"d", {*IpPrefix::parse("127.4.0.0/16")}}};
  moved.partitions = {partition("{name: p, from: c, to: d, mode: reset}")};
  REQUIRE(mesh.registry.reload(with_reset, moved, {}));
  CHECK(mesh.matrix() == "c>d cut, d>c cut");
  CHECK(round_trip(between, "x") == "x");

  // What cannot be changes nothing.
  Configured wrong = moved;
  wrong.partitions = {partition("{name: p, from: c, to: z}")};
  CHECK_FALSE(mesh.registry.reload(moved, wrong, {}));
  CHECK(mesh.matrix() == "c>d cut, d>c cut");
}

TEST_CASE("partition: a reload that cannot be done in full is refused, and nothing changed",
          "[partition]") {
  ZonedWorld mesh;
  const std::vector<ZoneSpec> zones = mesh.registry.partitions().zones().zones();
  const Configured before{.zones = zones};
  Configured after{.zones = zones};
  after.zones[0].cidrs.push_back(*IpPrefix::parse("127.9.0.0/16"));
  after.proxies.push_back(
      {.name = "new", .listen = "127.0.0.1:0", .upstream = "127.1.0.1:9", .toxics = {}});
  const auto refusal = [&] {
    const auto done = mesh.registry.reload(before, after, {});
    CHECK(mesh.registry.partitions().zones().zones() == zones);
    CHECK(mesh.registry.list().size() == 3);
    CHECK(mesh.registry.partitions().all().empty());
    return done ? "" : done.error().message;
  };

  SECTION("more partitions than there can be") {
    for (std::size_t i = 0; i <= Partitions::kMost; ++i) {
      after.partitions.push_back(partition("{name: p" + std::to_string(i) + ", from: a, to: b}"));
    }
    CHECK(refusal() == "there can be 100 partitions, not 101");
  }
  SECTION("one that a new proxy cannot serve") {
    after.proxies.push_back({.name = "unix",
                             .listen = "127.0.0.1:0",
                             .upstream = "unix:/nowhere",
                             .zone = "b",
                             .toxics = {}});
    after.partitions = {partition("{name: fine, from: a, to: c}"),
                        partition("{name: p, from: none, to: b, mode: lossy,"
                                  " attributes: {loss: 5%, engine: kernel}}")};
    CHECK(refusal().find("partition `p`: engine: ") != std::string::npos);
  }
}

TEST_CASE("partition: no proxy comes to be that cannot serve what there is", "[partition]") {
  ZonedWorld mesh;
  REQUIRE(mesh.registry.set_zones({{"d", {}}, {"e", {}}}, Registry::Attempt::kApply));
  const std::string by_kernel = ", mode: lossy, attributes: {loss: 5%, engine: kernel}}";
  mesh.put("{name: p, from: d, to: e" + by_kernel);
  const ProxySpec on_it = {.name = "unix",
                           .listen = "127.0.0.1:0",
                           .upstream = "unix:/nowhere",
                           .zone = "e",
                           .client_zone = "d",
                           .toxics = {}};
  const auto refused = mesh.registry.create(on_it, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("partition `p`: engine: ") == 0);
  CHECK_FALSE(mesh.registry.put(on_it, {}, Registry::Attempt::kTry));
  CHECK_FALSE(mesh.registry.populate({on_it}, {}));
  ProxySpec apart = on_it;
  apart.client_zone = "e";
  REQUIRE(mesh.registry.put(apart, {}, Registry::Attempt::kApply));
  CHECK_FALSE(mesh.registry.put(on_it, {}, Registry::Attempt::kApply));
  CHECK((*mesh.registry.find("unix"))->client_zone == "e");

  auto spec = partition("{name: q, from: none, to: e" + by_kernel);
  REQUIRE(mesh.registry.put_partition(spec, Registry::Attempt::kTry));
  spec.shape.from = {"e"};
  spec.shape.to = {"d"};
  REQUIRE(mesh.registry.remove_partition("p"));
  apart.client_zone = "d";
  REQUIRE(mesh.registry.put(apart, {}, Registry::Attempt::kApply));
  const auto put = mesh.registry.put_partition(spec, Registry::Attempt::kApply);
  REQUIRE_FALSE(put);
  CHECK(put.error().message.find("proxy `unix`: partition `q`: engine: ") == 0);
  CHECK(put.error().pointer == "/attributes/engine");
}

TEST_CASE("partition: a reload can drop a zone with the toxic that names it", "[partition]") {
  ZonedWorld mesh;
  const std::vector<ZoneSpec> zones = mesh.registry.partitions().zones().zones();
  ProxySpec proxy = {
      .name = "p", .listen = "127.0.0.1:0", .upstream = mesh.echo_b.address(), .toxics = {}};
  proxy.toxics = {toxic_of("stall"), toxic_of("latency")};
  proxy.toxics[0].match.client_zones = {"a"};
  proxy.toxics[0].reach.on_remove = OnRemove::kReset;
  const Configured before{.zones = zones, .proxies = {proxy}};
  REQUIRE(mesh.registry.reload({.zones = zones}, before, {}));
  auto [stalled, error] = mesh.dial("1", "p");
  REQUIRE(error == 0);
  Socket free = mesh.open("3", "p");
  REQUIRE(eventually([&] { return mesh.list({.proxy = "p"}).size() == 2; }));

  Configured after = before;
  after.zones = {};
  CHECK_FALSE(mesh.registry.reload(before, after, {}));
  CHECK(mesh.registry.partitions().zones().zones() == zones);
  after.proxies[0].toxics = {proxy.toxics[1]};
  REQUIRE(mesh.registry.reload(before, after, {}));
  CHECK(stalled.receive_all().ending == Ending::kReset);
  CHECK(round_trip(free, "x") == "x");
}

TEST_CASE("partition: one that is changed is as old as it was, and keeps its counts",
          "[partition]") {
  ZonedWorld mesh;
  Socket old = mesh.open("1", "to-b");
  mesh.put("{name: p, from: a, to: b, mode: stall, scope: open}");
  Socket young = mesh.open("1", "to-b");
  CHECK(mesh.pair("p", "a", "b").open == 1);
  mesh.put("{name: p, from: a, to: b, mode: reset, scope: open}");
  CHECK(old.receive_all().ending == Ending::kReset);
  CHECK(round_trip(young, "x") == "x");
  CHECK(mesh.pair("p", "a", "b").open >= 1);
}

TEST_CASE("partition: zones that something names stay", "[partition]") {
  ZonedWorld mesh;
  mesh.put("{name: p, from: a, to: b}");
  const auto refused = mesh.registry.set_zones({{"a", {}}}, Registry::Attempt::kApply);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "partition `p`: there is no zone `b`; there are a");
  CHECK(mesh.registry.partitions().zones().zones().size() == 3);
  REQUIRE(mesh.registry.remove_partition("p"));
  REQUIRE(mesh.registry.set_zones({}, Registry::Attempt::kApply));
  CHECK(zone_matrix(mesh.registry.partitions()).empty());
  Socket client = mesh.open("1", "to-b");
  CHECK(round_trip(client, "x") == "x");
}

}  // namespace faultline::test
