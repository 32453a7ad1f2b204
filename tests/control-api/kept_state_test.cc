#include "control-api/kept_state.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using test::V1WithProxy;
using Json = nlohmann::json;

const auto kThen = WallTime(std::chrono::hours(500'000));
const std::string kToxics = "/v1/proxies/redis/toxics";

TEST_CASE("a state is read as what it was made of, less the time that has passed", "[kept_state]") {
  V1WithProxy api;
  const std::string id = api.json(201, "POST", "/v1/leases", R"({"ttl":"1m"})")["id"];
  api.json(201, "POST", kToxics, R"({"type":"latency","name":"a","attributes":{"latency":"5ms"},
      "stream":"upstream","ttl":"1m","match":{"after":3},"owner":"me","shadow":true})");
  api.json(201, "POST", kToxics, R"({"type":"noop","name":"short","ttl":"10s"})");
  api.json(201, "POST", kToxics, R"({"type":"noop","name":"leased","lease":")" + id + R"("})");
  const std::string text = kept_state_json(api.registry, kThen);

  const auto kept = read_kept_state(text, kThen + 20s);
  REQUIRE(kept);
  CHECK(kept->left_out.empty());
  REQUIRE(kept->proxies.size() == 1);
  const ProxySpec& proxy = kept->proxies[0];
  CHECK(proxy.name == "redis");
  CHECK(proxy.listen == "127.0.0.1:1");
  CHECK_FALSE(proxy.enabled);
  REQUIRE(proxy.toxics.size() == 1);
  const ToxicSpec& toxic = proxy.toxics[0];
  CHECK(toxic.name == "a");
  CHECK(toxic.match.count.after == 3);
  CHECK(toxic.life.owner == "me");
  CHECK(toxic.reach.shadow);
  CHECK(*toxic.life.ttl <= 40s);
  CHECK(*toxic.life.ttl > 35s);

  CHECK(read_kept_state(text, kThen - 1h)->proxies[0].toxics.size() == 2);  // No time is given.
  CHECK(*read_kept_state(text, kThen - 1h)->proxies[0].toxics[0].life.ttl <= 1min);
  CHECK(read_kept_state(text, kThen + 1h)->proxies[0].toxics.empty());
}

TEST_CASE("what only Toxiproxy's API takes is left out, and said", "[kept_state]") {
  V1WithProxy api;
  REQUIRE(api.call("POST", "/proxies/redis/toxics",
                   R"({"type":"latency","name":"odd","attributes":{"latency":-5}})")
              .status == 200);
  const auto kept = read_kept_state(kept_state_json(api.registry, kThen), kThen);
  REQUIRE(kept);
  CHECK(kept->proxies[0].toxics.empty());
  REQUIRE(kept->left_out.size() == 1);
  CHECK(kept->left_out[0].starts_with("redis/odd: "));
}

TEST_CASE("a text that is no state is refused", "[kept_state]") {
  for (
      const char* text :
      {"", "{", "[]", "{}", R"({"kept_at_ms":1})", R"({"kept_at_ms":"1","proxies":[]})",
       R"({"kept_at_ms":1,"proxies":[1]})", R"({"kept_at_ms":1,"proxies":[{"name":"a"}]})",
       R"({"kept_at_ms":1,"proxies":[{"name":"a","listen":"a:1","upstream":"b","toxics":[1]}]})"}) {
    INFO(text);
    const auto kept = read_kept_state(text, kThen);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().kind == ErrorKind::kInvalid);
  }
  CHECK(read_kept_state(R"({"kept_at_ms":-9000000000000000000,"proxies":[]})", kThen));
}

TEST_CASE("restoring adds what is not there, and no toxics while they are halted", "[kept_state]") {
  V1WithProxy old;
  old.json(201, "POST", kToxics, R"({"type":"noop","name":"a","ttl":"1m"})");
  old.json(201, "POST", "/v1/proxies",
           R"({"name":"other","listen":"127.0.0.1:2","upstream":"up:9","enabled":false,
               "toxics":[{"type":"noop"}]})");
  const auto kept = read_kept_state(kept_state_json(old.registry, kThen), kThen);
  REQUIRE(kept);

  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"type":"stall","name":"b","ttl":"1m"})");
  REQUIRE(restore(*kept, api.registry, {}));
  REQUIRE(restore(*kept, api.registry, {}));  // Nothing is left to add.
  const Json toxics = api.json(200, "GET", kToxics)["toxics"];
  REQUIRE(toxics.size() == 2);
  CHECK(toxics[0]["name"] == "b");
  CHECK(toxics[1]["name"] == "a");
  CHECK(api.json(200, "GET", "/v1/proxies/other")["toxics"].size() == 1);

  V1WithProxy halted;
  halted.json(200, "POST", "/v1/halt", R"({"reason":"r"})");
  REQUIRE(restore(*kept, halted.registry, {}));
  CHECK(halted.json(200, "GET", kToxics)["toxics"].empty());
  CHECK(halted.json(200, "GET", "/v1/proxies/other")["toxics"].empty());
}

}  // namespace
}  // namespace faultline
