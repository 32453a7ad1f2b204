#include "control-api/kept_state.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;
using test::V1Fixture;
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
  const std::string text = kept_state_json(api.registry, {}, kThen);

  const auto kept = read_kept_state(text, kThen + 20s);
  REQUIRE(kept);
  CHECK(kept->left_out.empty());
  REQUIRE(kept->proxies.size() == 1);
  const ProxySpec& proxy = kept->proxies[0].proxy;
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

  CHECK(read_kept_state(text, kThen - 1h)->proxies[0].proxy.toxics.size() ==
        2);  // No time is given.
  CHECK(*read_kept_state(text, kThen - 1h)->proxies[0].proxy.toxics[0].life.ttl <= 1min);
  CHECK(read_kept_state(text, kThen + 1h)->proxies[0].proxy.toxics.empty());
}

TEST_CASE("what only Toxiproxy's API takes is left out, and said", "[kept_state]") {
  V1WithProxy api;
  REQUIRE(api.call("POST", "/proxies/redis/toxics",
                   R"({"type":"latency","name":"odd","attributes":{"latency":-5}})")
              .status == 200);
  const auto kept = read_kept_state(kept_state_json(api.registry, {}, kThen), kThen);
  REQUIRE(kept);
  CHECK(kept->proxies[0].proxy.toxics.empty());
  REQUIRE(kept->left_out.size() == 1);
  CHECK(kept->left_out[0].starts_with("redis/odd: "));
}

TEST_CASE("a text that is no state is refused", "[kept_state]") {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
        std::string(R"({"kept_at_ms":1})"), std::string(R"({"kept_at_ms":"1","proxies":[]})"),
        std::string(R"({"kept_at_ms":1,"proxies":[1]})"), std::string(200'000, '[')}) {
    INFO(text.substr(0, 100));
    const auto kept = read_kept_state(text, kThen);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().kind == ErrorKind::kInvalid);
  }
  CHECK(read_kept_state(R"({"kept_at_ms":-9000000000000000000,"proxies":[]})", kThen));
}

TEST_CASE("what cannot be read in a state is left out, and said", "[kept_state]") {
  const auto kept = read_kept_state(
      R"({"kept_at_ms":1,"proxies":[{"name":"a"},{"name":"b","listen":"b:1","upstream":"c:1",
          "toxics":[1,{"type":"nope","name":"x"},{"type":"noop","ttl":5},{"type":"noop"}]}]})",
      kThen);
  REQUIRE(kept);
  REQUIRE(kept->proxies.size() == 1);
  REQUIRE(kept->proxies[0].proxy.toxics.size() == 1);
  REQUIRE(kept->left_out.size() == 4);
  CHECK(kept->left_out[0].starts_with("a: "));
  CHECK(kept->left_out[1].starts_with("b/?: "));
  CHECK(kept->left_out[2].starts_with("b/x: "));
}

TEST_CASE("what the configuration has is not kept, but that it is disabled", "[kept_state]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"type":"noop","name":"own","ttl":"1m"})");
  api.json(201, "POST", kToxics, R"({"type":"noop","name":"added","ttl":"1m"})");
  ProxySpec configured = **api.registry.find("redis");
  configured.toxics.pop_back();
  configured.enabled = true;
  const auto kept =
      read_kept_state(kept_state_json(api.registry, {.proxies = {configured}}, kThen), kThen);
  REQUIRE(kept);
  REQUIRE(kept->proxies.size() == 1);
  CHECK(kept->proxies[0].is_configured);
  CHECK_FALSE(kept->proxies[0].proxy.enabled);
  REQUIRE(kept->proxies[0].proxy.toxics.size() == 1);
  CHECK(kept->proxies[0].proxy.toxics[0].name == "added");

  V1Fixture without;  // It was taken out of the configuration.
  CHECK(restore(*kept, without.registry, {}).value().empty());
  CHECK(without.registry.list().empty());
  V1Fixture with;
  ProxySpec fresh = configured;
  fresh.listen = "127.0.0.1:0";
  fresh.toxics.clear();
  REQUIRE(with.registry.create(fresh, {}));
  CHECK(restore(*kept, with.registry, {}).value().empty());
  CHECK_FALSE((*with.registry.find("redis"))->enabled);
  CHECK((*with.registry.find("redis"))->toxics.size() == 1);
}

TEST_CASE("what cannot be had again is left out, and said", "[kept_state]") {
  V1Fixture old;
  old.json(201, "POST", "/v1/proxies",
           R"({"name":"a","listen":"127.0.0.1:0","upstream":"up:9","toxics":[{"type":"noop"}]})");
  old.json(201, "POST", "/v1/proxies",
           R"({"name":"b","listen":"127.0.0.1:7","upstream":"up:9","enabled":false})");
  const auto kept = read_kept_state(kept_state_json(old.registry, {}, kThen), kThen);
  REQUIRE(kept);
  V1Fixture api;  // While the old one has the port.
  const auto left_out = restore(*kept, api.registry, {});
  REQUIRE(left_out);
  REQUIRE(left_out->size() == 1);
  CHECK(left_out->front().find("a: listen tcp") == 0);
  CHECK(api.registry.find("b"));
}

TEST_CASE("a toxic that nobody can carry out now keeps neither its proxy nor others away",
          "[kept_state]") {
  const auto kept = read_kept_state(
      R"({"kept_at_ms":1,"proxies":[{"name":"a","listen":"127.0.0.1:0","upstream":"unix:/x",
          "toxics":[{"type":"packet_loss","attributes":{"loss":"1%","engine":"kernel"}},
                    {"type":"noop"}]}]})",
      kThen);
  REQUIRE(kept);
  REQUIRE(kept->left_out.empty());
  V1Fixture api;
  const auto left_out = restore(*kept, api.registry, {});
  REQUIRE(left_out);
  REQUIRE(left_out->size() == 1);
  CHECK(left_out->front().starts_with("a/packet_loss_downstream: "));
  REQUIRE(api.registry.find("a"));
  CHECK((*api.registry.find("a"))->toxics.size() == 1);
}

TEST_CASE("restoring adds what is not there, and no toxics while they are halted", "[kept_state]") {
  V1WithProxy old;
  old.json(201, "POST", kToxics, R"({"type":"noop","name":"a","ttl":"1m"})");
  old.json(201, "POST", "/v1/proxies",
           R"({"name":"other","listen":"127.0.0.1:2","upstream":"up:9","enabled":false,
               "toxics":[{"type":"noop"}]})");
  const auto kept = read_kept_state(kept_state_json(old.registry, {}, kThen), kThen);
  REQUIRE(kept);

  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"type":"stall","name":"b","ttl":"1m"})");
  CHECK(restore(*kept, api.registry, {}).value().empty());
  CHECK(restore(*kept, api.registry, {}).value().empty());  // Nothing is left to add.
  const Json toxics = api.json(200, "GET", kToxics)["toxics"];
  REQUIRE(toxics.size() == 2);
  CHECK(toxics[0]["name"] == "b");
  CHECK(toxics[1]["name"] == "a");
  CHECK(api.json(200, "GET", "/v1/proxies/other")["toxics"].size() == 1);

  V1WithProxy halted;
  halted.json(200, "POST", "/v1/halt", R"({"reason":"r"})");
  CHECK(restore(*kept, halted.registry, {}).value().empty());
  CHECK(halted.json(200, "GET", kToxics)["toxics"].empty());
  CHECK(halted.json(200, "GET", "/v1/proxies/other")["toxics"].empty());
}

}  // namespace
}  // namespace faultline
