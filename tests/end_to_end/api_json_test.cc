// How request bodies are read and answers are written.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

const std::string kToxicPath = "/proxies/a/toxics";

}  // namespace

TEST_CASE("only the first JSON value of a body is read", "[api_json]") {
  World world;
  CHECK(world.api.post("/proxies", R"({"name":"a","upstream":"u:1"} garbage)").status == 201);
  CHECK(world.api.post("/proxies", R"({"name":"b","upstream":"u:1"}{"name":"c"})").status == 201);
  CHECK(world.api.get("/proxies/b").status == 200);
  CHECK(world.api.get("/proxies/c").status == 404);
}

TEST_CASE("K4: keys match in any letter case, and of two the last wins", "[api_json]") {
  World world;
  REQUIRE(world.api
              .post("/proxies", R"({"NAME":"a","Listen":"127.0.0.1:0","UPSTREAM":"u:1",
                                         "upstream":"v:2"})")
              .status == 201);
  CHECK(nlohmann::json::parse(world.api.get("/proxies/a").body)["upstream"] == "v:2");
  const Reply toxic =
      world.api.post(kToxicPath, R"({"Name":"t","TYPE":"latency","Stream":"UpStream","Toxicity":0.5,
                   "ATTRIBUTES":{"LATENCY":7,"Jitter":3}})");
  CHECK(toxic.status == 200);
  CHECK(toxic.body == R"({"attributes":{"latency":7,"jitter":3},"name":"t","type":"latency",)"
                      R"("stream":"UpStream","toxicity":0.5})");
}

TEST_CASE("K5: null is absent and unknown keys are ignored", "[api_json]") {
  World world;
  const Reply created =
      world.api.post("/proxies", R"({"name":"a","upstream":"u:1","listen":null,"enabled":null,
                      "logger":5,"extra":{"x":[1]}})");
  CHECK(created.status == 201);
  CHECK(nlohmann::json::parse(created.body)["enabled"] == true);
  CHECK(world.api.post("/proxies/a", "null").status == 200);
  CHECK(world.api.post("/proxies/a", R"({"name":null,"enabled":null,"listen":null})").status ==
        200);
  const Reply toxic = world.api.post(
      kToxicPath,
      R"({"type":"latency","name":null,"stream":null,"toxicity":null,"attributes":null})");
  CHECK(toxic.body == R"({"attributes":{"latency":0,"jitter":0},"name":"latency_downstream",)"
                      R"("type":"latency","stream":"downstream","toxicity":1})");
  CHECK(world.api.post(kToxicPath + "/latency_downstream", "null").status == 200);
  CHECK(world.api.post("/proxies", "null").body ==
        "{\"error\":\"missing required field: name\",\"status\":400}\n");
}

TEST_CASE("what cannot be read is a 400 that begins with `bad request body: `", "[api_json]") {
  World world;
  world.add_proxy("a", "u:1", R"({"type":"latency"})");
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/proxies", ""},
      {"/proxies", "{"},
      {"/proxies", "nonsense"},
      {"/proxies", "\xEF\xBB\xBF{}"},
      {"/proxies", "[]"},
      {"/proxies", R"("text")"},
      {"/proxies", "5"},
      {"/proxies", "true"},
      {"/proxies", R"({"name":5,"upstream":"u:1"})"},
      {"/proxies", R"({"name":"b","upstream":["u:1"]})"},
      {"/proxies", R"({"name":"b","upstream":"u:1","enabled":1})"},
      {"/proxies", R"({"name":"b","upstream":"u:1","listen":{}})"},
      {"/proxies/a", R"({"name":5})"},
      {"/proxies/a", R"({"enabled":[]})"},
      {"/populate", "{}"},
      {"/populate", "[5]"},
      {"/populate", ""},
      {kToxicPath, ""},
      {kToxicPath, R"({"type":"latency","name":"b","toxicity":"1"})"},
      {kToxicPath, R"({"type":"latency","name":"b","toxicity":1e39})"},
      {kToxicPath, R"({"type":5})"},
      {kToxicPath, R"({"type":"latency","name":"b","attributes":5})"},
      {kToxicPath, R"({"type":"latency","name":"b","attributes":"x"})"},
      {kToxicPath, R"({"type":"latency","name":"b","attributes":{"latency":"1"}})"},
      {kToxicPath, R"({"type":"latency","name":"b","attributes":{"latency":100.5}})"},
      {kToxicPath, R"({"type":"latency","name":"b","attributes":{"latency":9223372036854775808}})"},
      {kToxicPath + "/latency_downstream", R"({"attributes":{"latency":[]}})"},
      {kToxicPath + "/latency_downstream", R"({"toxicity":"high"})"},
  };
  const std::string before = world.api.get("/proxies").body;
  for (const auto& [path, body] : rows) {
    INFO(path << " " << body);
    const Reply reply = world.api.post(path, body);
    REQUIRE(reply.status == 400);
    REQUIRE(reply.body.rfind(R"({"error":"bad request body: )", 0) == 0);
  }
  CHECK(world.api.get("/proxies").body == before);
  CHECK(world.api.post("/proxies", "").body ==
        "{\"error\":\"bad request body: EOF\",\"status\":400}\n");
  CHECK(world.api.post("/proxies", "{").body ==
        "{\"error\":\"bad request body: unexpected EOF\",\"status\":400}\n");
}

TEST_CASE("a path that names nothing is a 404, whatever the body", "[api_json]") {
  World world;
  world.add_proxy("a", "u:1");
  CHECK(world.api.post("/proxies/none", "{").status == 404);
  CHECK(world.api.post("/proxies/none/toxics", "{").status == 404);
  CHECK(world.api.post("/proxies/a/toxics/none", "{").status == 404);
}

TEST_CASE("F12: whole numbers may be written as floats, and no attributes as a list",
          "[api_json]") {
  World world;
  world.add_proxy("a", "u:1");
  const Reply reply = world.api.post(
      kToxicPath, R"({"type":"latency","attributes":{"latency":100.0,"jitter":1e3}})");
  CHECK(reply.status == 200);
  CHECK(reply.body.rfind(R"({"attributes":{"latency":100,"jitter":1000},)", 0) == 0);
  CHECK(world.api.post(kToxicPath, R"({"type":"timeout","attributes":[]})").status == 200);
}

TEST_CASE("texts are escaped as Toxiproxy escapes them", "[api_json]") {
  World world;
  const Reply reply =
      world.api.post("/proxies",
                     "{\"name\":\"<a>&/\\u2028\\n\\t\\u0001\\\"\\\\\xC3\xA9\",\"upstream\":\"u:1\","
                     "\"enabled\":false,\"listen\":\"l\"}");
  CHECK(reply.status == 201);
  CHECK(reply.body ==
        "{\"name\":\"\\u003ca\\u003e\\u0026/\\u2028\\n\\t\\u0001\\\"\\\\\xC3\xA9\","
        "\"listen\":\"l\",\"upstream\":\"u:1\",\"enabled\":false,\"toxics\":[]}");
  const Reply broken = world.api.post(
      "/proxies", "{\"name\":\"x\xFF\\ud800y\",\"upstream\":\"u:1\",\"enabled\":false}");
  CHECK(broken.status == 201);
  CHECK(nlohmann::json::parse(broken.body)["name"] == "x\xEF\xBF\xBD\xEF\xBF\xBDy");
}

TEST_CASE("toxicity is a float32, printed as short as can be", "[api_json]") {
  World world;
  world.add_proxy("a", "u:1");
  world.add_toxic("a", R"({"type":"noop","name":"n"})");
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"0.2", "0.2"},       {"0.123456789", "0.12345679"},
      {"1.0", "1"},         {"80", "80"},
      {"-1", "-1"},         {"2.5", "2.5"},
      {"1e-9", "1e-9"},     {"1e22", "1e+22"},
      {"1e-6", "0.000001"}, {"0", "0"},
  };
  for (const auto& [given, printed] : rows) {
    const Reply reply = world.api.post(kToxicPath + "/n", R"({"toxicity":)" + given + "}");
    INFO(given);
    REQUIRE(reply.body ==
            R"({"attributes":{},"name":"n","type":"noop","stream":"downstream","toxicity":)" +
                printed + "}");
  }
}

}  // namespace faultline::test
