// A toxic that comes to its limits: what the control thread hears of it, and does.

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "proxy/registry.h"
#include "proxy/workers.h"
#include "tests/support/server.h"
#include "tests/support/socket.h"
#include "tests/toxics/attributes.h"

namespace faultline {
namespace {

ToxicSpec limited_stall(std::uint64_t max_connections) {
  ToxicSpec toxic;
  toxic.name = "stall";
  toxic.type = find_toxic_type("stall");
  toxic.attributes = attributes_of("stall", {});
  toxic.reach.limits.max_connections = max_connections;
  return toxic;
}

/// A proxy "p" to an echo, whose toxic's endings are written down.
struct World {
  World() {
    registry.watch_endings(
        [this] { ++wakes; },
        [this](const std::string& proxy, const ToxicSpec& toxic, const std::string& reason) {
          told.push_back(proxy + "/" + toxic.name + ": " + reason);
        });
    REQUIRE(registry.create({.name = "p",
                             .listen = "127.0.0.1:0",
                             .upstream = upstream.address(),
                             .enabled = true,
                             .toxics = {limited_stall(1)}},
                            {}));
  }

  test::Socket connect() const { return test::Socket::connect((*registry.find("p"))->listen); }
  /// Goes one beyond the limit.
  void spend() {
    sockets.push_back(connect());
    REQUIRE(test::eventually([&] { return upstream.accepted() == 1; }));
    sockets.push_back(connect());
    REQUIRE(test::round_trip(sockets.back(), "untouched") == "untouched");
    REQUIRE(test::eventually([&] { return wakes == 1; }));
  }

  test::Server upstream{test::echo()};
  std::atomic<int> wakes = 0;
  std::vector<std::string> told;
  Workers workers{{.count = 2}};
  Registry registry{workers, 1};
  std::vector<test::Socket> sockets;
};

TEST_CASE("the control thread is woken once, removes the toxic and tells why",
          "[registry_limits]") {
  World world;
  world.spend();
  CHECK((*world.registry.find("p"))->toxics.size() == 1);  // Not yet looked at.
  world.registry.remove_ended_toxics();
  CHECK((*world.registry.find("p"))->toxics.empty());
  CHECK(world.told == std::vector<std::string>{"p/stall: max_connections 1 reached"});
  world.registry.remove_ended_toxics();
  CHECK(world.told.size() == 1);
  CHECK(test::round_trip(world.sockets.front(), "healed") == "healed");
}

TEST_CASE("an ended toxic that was removed, and made anew, is not taken for the new one",
          "[registry_limits]") {
  World world;
  world.spend();
  REQUIRE(world.registry.remove_toxic("p", "stall"));
  REQUIRE(world.registry.add_toxic("p", limited_stall(5)));
  world.registry.remove_ended_toxics();
  CHECK((*world.registry.find("p"))->toxics.size() == 1);
  CHECK(world.told.empty());
}

TEST_CASE("a toxic whose limits a reload changes begins anew", "[registry_limits]") {
  World world;
  const ProxySpec before = **world.registry.find("p");
  const auto reload = [&](const ToxicSpec& toxic) {
    ProxySpec now = before;
    now.toxics = {toxic};
    REQUIRE(world.registry.reload({.proxies = {before}}, {.proxies = {now}}, {}));
  };
  world.sockets.push_back(world.connect());
  REQUIRE(test::eventually([&] { return world.upstream.accepted() == 1; }));
  CHECK(world.registry.stats().front().toxics.front().matched == 1);
  ToxicSpec changed = limited_stall(1);
  changed.toxicity = 0.5F;
  reload(changed);
  CHECK(world.registry.stats().front().toxics.front().met == 1);  // The same.
  reload(limited_stall(2));
  CHECK(world.registry.stats().front().toxics.front().met == 1);  // Anew: of this connection.
  world.sockets.push_back(world.connect());
  REQUIRE(test::eventually([&] { return world.upstream.accepted() == 2; }));
  CHECK(world.wakes == 0);  // Two may be.
}

TEST_CASE("an update changes what a toxic is for, and refuses what leaves nobody",
          "[registry_limits]") {
  World world;
  const auto updated = world.registry.update_toxic(
      "p", "stall", {.affects = Scope::kNew, .on_remove = OnRemove::kReset, .shadow = true});
  REQUIRE(updated);
  CHECK((*updated)->reach.affects == Scope::kNew);
  CHECK((*updated)->reach.on_remove == OnRemove::kReset);
  CHECK((*updated)->reach.shadow);
  const int scope = (*updated)->type->attribute_index("scope");
  const auto refused =
      world.registry.update_toxic("p", "stall", {.attributes = {{scope, AttributeValue(2)}}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "toxic `stall`: affects: new leaves nobody: this `stall` is for open connections only");
}

}  // namespace
}  // namespace faultline
