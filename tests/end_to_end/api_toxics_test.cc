// The endpoints of toxics.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

const std::string kToxicsOfA = "/proxies/a/toxics";

std::string toxic_body(const std::string& attributes, const std::string& name,
                       const std::string& type, const std::string& stream = "downstream",
                       const std::string& toxicity = "1") {
  return R"({"attributes":{)" + attributes + R"(},"name":")" + name + R"(","type":")" + type +
         R"(","stream":")" + stream + R"(","toxicity":)" + toxicity + "}";
}

}  // namespace

TEST_CASE("K7: every type has all its attributes, in order, as whole numbers", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  const std::vector<std::pair<std::string, std::string>> types = {
      {"noop", ""},
      {"latency", R"("latency":0,"jitter":0)"},
      {"bandwidth", R"("rate":0)"},
      {"slow_close", R"("delay":0)"},
      {"timeout", R"("timeout":0)"},
      {"slicer", R"("average_size":0,"size_variation":0,"delay":0)"},
      {"limit_data", R"("bytes":0)"},
      {"reset_peer", R"("timeout":0)"},
  };
  for (const auto& [type, attributes] : types) {
    INFO(type);
    const std::string expected = toxic_body(attributes, type + "_downstream", type);
    const Reply added = world.api.post(kToxicsOfA, R"({"type":")" + type + R"("})");
    REQUIRE(added.status == 200);
    REQUIRE(added.header("Content-Type") == "application/json");
    REQUIRE(added.body == expected);
    REQUIRE(world.api.get(kToxicsOfA + "/" + type + "_downstream").body == expected);
    const Reply removed = world.api.remove(kToxicsOfA + "/" + type + "_downstream");
    REQUIRE(removed.status == 204);
    REQUIRE(world.api.get(kToxicsOfA + "/" + type + "_downstream").body ==
            error_body("toxic not found", 404));
  }
}

TEST_CASE("K7: no value of an attribute or toxicity is out of range", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  for (const std::string value :
       {"-1", "9223372036854775807", "-9223372036854775808", "4611686018427387904"}) {
    const Reply reply = world.api.post(
        kToxicsOfA, R"({"type":"latency","name":"t","toxicity":80,"attributes":{"latency":)" +
                        value + R"(,"jitter":)" + value + "}}");
    INFO(value);
    REQUIRE(reply.body == toxic_body("\"latency\":" + value + ",\"jitter\":" + value, "t",
                                     "latency", "downstream", "80"));
    REQUIRE(world.api.remove(kToxicsOfA + "/t").status == 204);
  }
}

TEST_CASE("a toxic is checked in Toxiproxy's order", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  world.add_toxic("a", R"({"type":"latency","name":"there"})");
  const std::string bad_stream = "stream was invalid, can be either upstream or downstream";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"stream":"sideways","type":"none"})", error_body(bad_stream, 400)},
      {R"({"stream":"","type":"latency"})", error_body(bad_stream, 400)},
      {R"({"type":"none","name":"there"})", error_body("invalid toxic type", 400)},
      {R"({"type":"Latency"})", error_body("invalid toxic type", 400)},
      {R"({})", error_body("invalid toxic type", 400)},
      {R"({"type":"latency","name":"there","attributes":{"latency":"x"}})",
       error_body("toxic already exists", 409)},
      {R"({"type":"noop","name":"there","stream":"upstream"})",
       error_body("toxic already exists", 409)},
  };
  for (const auto& [body, answer] : rows) {
    INFO(body);
    REQUIRE(world.api.post(kToxicsOfA, body).body == answer);
  }
  CHECK(world.api.post("/proxies/none/toxics", R"({"type":"noop"})").body ==
        error_body("proxy not found", 404));
  CHECK(world.api.post(kToxicsOfA, R"({"type":"latency","latency":100})").body ==
        toxic_body(R"("latency":0,"jitter":0)", "latency_downstream", "latency"));
}

TEST_CASE("K4: the stream is echoed as sent, also in the default name", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  CHECK(world.api.post(kToxicsOfA, R"({"type":"noop","stream":"UPSTREAM"})").body ==
        toxic_body("", "noop_UPSTREAM", "noop", "UPSTREAM"));
  CHECK(world.api.post(kToxicsOfA, R"({"type":"noop","stream":"DownStream","name":""})").body ==
        toxic_body("", "noop_DownStream", "noop", "DownStream"));
}

TEST_CASE("toxics are listed upstream first, each way in the order they were added",
          "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  CHECK(world.api.get(kToxicsOfA).body == "[]");
  CHECK(world.api.get("/proxies/none/toxics").body == error_body("proxy not found", 404));
  for (const auto& [name, stream] : std::vector<std::pair<std::string, std::string>>{
           {"d1", "downstream"}, {"u1", "upstream"}, {"d0", "downstream"}, {"u0", "UpStream"}}) {
    world.add_toxic("a",
                    R"({"type":"noop","name":")" + name + R"(","stream":")" + stream + R"("})");
  }
  const auto names = [&](const nlohmann::json& list) {
    std::string all;
    for (const auto& toxic : list) all += toxic["name"].get<std::string>() + " ";
    return all;
  };
  CHECK(names(nlohmann::json::parse(world.api.get(kToxicsOfA).body)) == "u1 u0 d1 d0 ");
  world.remove_toxic("a", "d1");
  world.add_toxic("a", R"({"type":"noop","name":"d1"})");
  const auto proxy = nlohmann::json::parse(world.api.get("/proxies/a").body);
  CHECK(names(proxy["toxics"]) == "u1 u0 d0 d1 ");
}

TEST_CASE("an update merges attributes key by key and ignores the rest", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  world.add_toxic("a", R"({"type":"latency","name":"t","toxicity":0.5,
                           "attributes":{"latency":10,"jitter":5}})");
  const auto expect = [&](const Reply& reply, int latency, int jitter, const std::string& tox) {
    CHECK(reply.status == 200);
    CHECK(reply.body == toxic_body("\"latency\":" + std::to_string(latency) +
                                       ",\"jitter\":" + std::to_string(jitter),
                                   "t", "latency", "downstream", tox));
  };
  expect(world.api.patch(kToxicsOfA + "/t", R"({"attributes":{"latency":20}})"), 20, 5, "0.5");
  expect(world.api.post(kToxicsOfA + "/t", R"({"toxicity":1})"), 20, 5, "1");
  expect(world.api.post(kToxicsOfA + "/t",
                        R"({"name":5,"type":[],"stream":{},"attributes":{"JITTER":6,"x":1}})"),
         20, 6, "1");
  expect(world.api.patch(kToxicsOfA + "/t", "{}"), 20, 6, "1");
  CHECK(world.api.patch(kToxicsOfA + "/none", "{}").body == error_body("toxic not found", 404));
}

TEST_CASE("F5: an update that fails changes nothing", "[api_toxics]") {
  World world;
  world.add_proxy("a", "u:1");
  world.add_toxic("a", R"({"type":"latency","name":"t","attributes":{"latency":10}})");
  const std::string before = world.api.get(kToxicsOfA + "/t").body;
  CHECK(
      world.api.patch(kToxicsOfA + "/t", R"({"attributes":{"latency":77,"jitter":"q"}})").status ==
      400);
  CHECK(world.api.get(kToxicsOfA + "/t").body == before);
  CHECK(world.api.patch(kToxicsOfA + "/t", R"({"attributes":{"latency":77},"toxicity":"q"})")
            .status == 400);
  CHECK(world.api.get(kToxicsOfA + "/t").body == before);
}

TEST_CASE("B12: a proxy is created with its toxics, an update ignores them", "[api_toxics]") {
  World world;
  const Reply created =
      world.api.post("/proxies", R"({"name":"a","upstream":"u:1","listen":"127.0.0.1:0","toxics":[
                      {"type":"latency","attributes":{"latency":5}},
                      {"type":"noop","name":"n","stream":"upstream"}]})");
  CHECK(created.status == 201);
  CHECK(nlohmann::json::parse(created.body)["toxics"].dump() ==
        nlohmann::json::parse(world.api.get(kToxicsOfA).body).dump());
  CHECK(nlohmann::json::parse(created.body)["toxics"].size() == 2);
  CHECK(world.api.post("/proxies/a", R"({"toxics":[]})").status == 200);
  CHECK(nlohmann::json::parse(world.api.get(kToxicsOfA).body).size() == 2);
  for (const std::string toxics :
       {R"([{"type":"none"}])", R"([{"type":"noop"},{"type":"noop"}])", "5"}) {
    INFO(toxics);
    const Reply refused =
        world.api.post("/proxies", R"({"name":"b","upstream":"u:1","toxics":)" + toxics + "}");
    CHECK(refused.status >= 400);
    CHECK(world.api.get("/proxies/b").status == 404);
  }
  CHECK(world.api.post("/proxies", R"({"name":"c","upstream":"u:1","toxics":null})").status == 201);
}

}  // namespace faultline::test
