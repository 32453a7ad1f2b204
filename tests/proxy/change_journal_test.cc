#include <utility>
#include <vector>

#include "proxy/packet_filter.h"
#include "proxy/registry.h"
#include "proxy/workers.h"
#include "tests/support/server.h"
#include "tests/support/socket.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

using Kind = Change::Kind;

std::string word(Kind kind) {
  switch (kind) {
    case Kind::kProxyCreated:
      return "created";
    case Kind::kProxyChanged:
      return "changed";
    case Kind::kProxyRemoved:
      return "removed";
    case Kind::kToxicStarted:
      return "start";
    case Kind::kToxicChanged:
      return "change";
    case Kind::kToxicEnded:
      return "end";
    case Kind::kPartitionStarted:
      return "partition start";
    case Kind::kPartitionChanged:
      return "partition change";
    case Kind::kPartitionEnded:
      return "partition end";
    case Kind::kPartitionProbed:
      return "partition probed";
    case Kind::kPartitionRecovery:
      return "recovery";
    case Kind::kZonesChanged:
      return "zones";
  }
  return "?";
}

/// A registry, and what it has told.
struct World final : ChangeObserver {
  World() { registry.observe(this); }

  void on_change(const Change& change) noexcept override { told.push_back(change); }

  /// What was told since the last call, in one line: "start p/lag".
  std::string news() {
    std::string all;
    for (const Change& change : std::exchange(told, {})) {
      all += (all.empty() ? "" : ", ") + word(change.kind) + " " + change.proxy;
      if (!change.toxic.empty()) all += "/" + change.toxic;
      last = change;
    }
    return all;
  }

  Workers workers{{.count = 2, .may_filter_packets = probe_packet_filters().has_value()}};
  std::vector<Change> told;
  Change last;
  Registry registry{workers, 1};
};

ToxicSpec latency(const std::string& name) {
  ToxicSpec toxic;
  toxic.name = name;
  toxic.type = find_toxic_type("latency");
  toxic.attributes = attributes_of("latency", {100, 10});
  return toxic;
}

ProxySpec proxy_to(const std::string& upstream, std::vector<ToxicSpec> toxics = {}) {
  return {.name = "p",
          .listen = "127.0.0.1:0",
          .upstream = upstream,
          .enabled = true,
          .toxics = std::move(toxics)};
}

TEST_CASE("a toxic's start, change and end are told once, tied by a number", "[changes]") {
  World world;
  REQUIRE(world.registry.create(proxy_to("127.0.0.1:9"), {}));
  CHECK(world.news() == "created p");
  CHECK(world.last.proxy_after->listen == (*world.registry.find("p"))->listen);
  CHECK(world.last.proxy_after->enabled);
  CHECK_FALSE(world.last.proxy_before);

  REQUIRE(world.registry.add_toxic("p", latency("lag")));
  CHECK(world.news() == "start p/lag");
  const std::uint64_t fault = world.last.fault;
  CHECK(fault != 0);
  CHECK_FALSE(world.last.toxic_before);
  CHECK(world.last.toxic_after->name == "lag");

  REQUIRE(world.registry.update_toxic("p", "lag", {.toxicity = 0.5F}));
  CHECK(world.news() == "change p/lag");
  CHECK(world.last.fault == fault);
  CHECK(world.last.toxic_before->toxicity == 1);
  CHECK(world.last.toxic_after->toxicity == 0.5F);
  REQUIRE(world.registry.update_toxic("p", "lag", {.toxicity = 0.5F}));
  CHECK(world.news().empty());

  REQUIRE(world.registry.remove_toxic("p", "lag"));
  CHECK(world.news() == "end p/lag");
  CHECK(world.last.fault == fault);
  CHECK(world.last.toxic_before->toxicity == 0.5F);
  CHECK_FALSE(world.last.toxic_after);

  REQUIRE(world.registry.add_toxic("p", latency("lag")));
  CHECK(world.news() == "start p/lag");
  CHECK(world.last.fault != fault);
}

TEST_CASE("what fails is not told", "[changes]") {
  World world;
  REQUIRE(world.registry.create(proxy_to("127.0.0.1:9", {latency("lag")}), {}));
  CHECK(world.news() == "created p, start p/lag");
  CHECK_FALSE(world.registry.create(proxy_to("127.0.0.1:9"), {}));
  CHECK_FALSE(world.registry.add_toxic("p", latency("lag")));
  CHECK_FALSE(world.registry.remove_toxic("p", "other"));
  CHECK_FALSE(world.registry.update("p", {.listen = "garbage"}, {}));
  CHECK_FALSE(world.registry.remove("other"));
  CHECK(world.news().empty());
}

TEST_CASE("a proxy's toxics end before it does", "[changes]") {
  World world;
  REQUIRE(world.registry.create(proxy_to("127.0.0.1:9", {latency("a"), latency("b")}), {}));
  CHECK(world.news() == "created p, start p/a, start p/b");
  SECTION("when it is removed") {
    REQUIRE(world.registry.remove("p"));
    CHECK(world.news() == "end p/a, end p/b, removed p");
    CHECK(world.last.proxy_before->upstream == "127.0.0.1:9");
    CHECK_FALSE(world.last.proxy_after);
  }
  SECTION("when it is replaced") {
    REQUIRE(world.registry.populate({proxy_to("127.0.0.1:10", {latency("c")})}, {}));
    CHECK(world.news() == "end p/a, end p/b, removed p, created p, start p/c");
  }
  SECTION("and a reload of its toxics leaves it") {
    const ProxySpec before = proxy_to("127.0.0.1:9", {latency("a"), latency("b")});
    const ProxySpec now = proxy_to("127.0.0.1:9", {latency("b"), latency("c")});
    REQUIRE(world.registry.reload({.proxies = {before}}, {.proxies = {now}}, {}));
    CHECK(world.news() == "end p/a, start p/c");
  }
  SECTION("and a reset or the end of accepting leave it") {
    REQUIRE(world.registry.reset({}));
    CHECK(world.news() == "end p/a, end p/b");
    REQUIRE(world.registry.reset({}));
    CHECK(world.news().empty());
    REQUIRE(world.registry.add_toxic("p", latency("a")));
    world.news();
    world.registry.stop_accepting();
    CHECK(world.news() == "end p/a");
  }
}

TEST_CASE("a change of a proxy in several steps is told once", "[changes]") {
  World world;
  REQUIRE(world.registry.create(proxy_to("127.0.0.1:9"), {}));
  world.news();
  REQUIRE(world.registry.update("p", {.listen = "127.0.0.1:0", .upstream = "127.0.0.1:10"}, {}));
  CHECK(world.news() == "changed p");
  CHECK(world.last.proxy_before->upstream == "127.0.0.1:9");
  CHECK(world.last.proxy_after->upstream == "127.0.0.1:10");
  CHECK(world.last.proxy_after->enabled);
  REQUIRE(world.registry.update("p", {.enabled = false}, {}));
  CHECK(world.news() == "changed p");
  CHECK_FALSE(world.last.proxy_after->enabled);
  REQUIRE(world.registry.update("p", {.enabled = false}, {}));
  CHECK(world.news().empty());
  REQUIRE(world.registry.reset({}));
  CHECK(world.news() == "changed p");
}

TEST_CASE("a change says how many open connections it reached", "[changes]") {
  World world;
  const test::Server upstream(test::echo());
  REQUIRE(world.registry.create(proxy_to(upstream.address()), {}));
  const std::string listen = (*world.registry.find("p"))->listen;
  std::vector<test::Socket> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(test::Socket::connect(listen));
    test::round_trip(clients.back(), "x");
  }
  REQUIRE(world.registry.add_toxic("p", latency("all")));
  world.news();
  CHECK(world.last.connections == 20);
  CHECK(world.last.took > Duration(0));

  ToxicSpec half = latency("half");
  half.toxicity = 0.5F;
  REQUIRE(world.registry.add_toxic("p", half));
  world.news();
  const std::uint64_t reached = world.last.connections;
  CHECK(reached > 0);
  CHECK(reached < 20);
  // Those that a change lets go of have been reached by it.
  REQUIRE(world.registry.update_toxic("p", "half", {.toxicity = 0.0F}));
  world.news();
  CHECK(world.last.connections == reached);

  ToxicSpec elsewhere = latency("elsewhere");
  elsewhere.match.clients = {*IpPrefix::parse("10.0.0.0/8")};
  REQUIRE(world.registry.add_toxic("p", elsewhere));
  world.news();
  CHECK(world.last.connections == 0);

  REQUIRE(world.registry.remove("p"));
  CHECK(world.told.at(0).toxic == "all");
  CHECK(world.told.at(0).connections == 20);
  CHECK(world.told.at(1).connections == 0);
  world.news();
  CHECK(world.last.kind == Kind::kProxyRemoved);
  CHECK(world.last.connections == 20);
}

TEST_CASE("a change is due to who has asked for it, for as long as that lasts", "[changes]") {
  World world;
  {
    const Registry::Because outer(world.registry, {.by = "config"});
    REQUIRE(world.registry.create(proxy_to("127.0.0.1:9"), {}));
    CHECK(world.told.back().cause.by == "config");
    {
      const Registry::Because inner(world.registry, {.by = "v1", .owner = "me", .reason = "why"});
      REQUIRE(world.registry.add_toxic("p", latency("lag")));
      CHECK(world.told.back().cause.by == "v1");
      CHECK(world.told.back().cause.owner == "me");
      CHECK(world.told.back().cause.reason == "why");
    }
    REQUIRE(world.registry.remove_toxic("p", "lag"));
    CHECK(world.told.back().cause.by == "config");
  }
  REQUIRE(world.registry.remove("p"));
  CHECK(world.told.back().cause.by.empty());
}

}  // namespace
}  // namespace faultline
