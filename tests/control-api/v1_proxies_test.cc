#include <vector>

#include "control-api/v1_handlers.h"
#include "proxy/alarm_clock.h"
#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using nlohmann::json;
using test::header;
using test::V1Fixture;
using test::V1WithProxy;

const std::string kToxics = "/v1/proxies/redis/toxics";

TEST_CASE("V1: a proxy is made with its toxics in one call", "[v1]") {
  V1Fixture api;
  const json made = api.json(201, "POST", "/v1/proxies", R"({"name":"a b","upstream":"up:9",
      "toxics":[{"type":"latency","attributes":{"latency":"1.5s"},"toxicity":"5%"}]})");
  CHECK(made["listen"].get<std::string>().find("127.0.0.1:") == 0);
  CHECK(made["listen"] != "127.0.0.1:0");
  CHECK(made["enabled"] == true);
  const json& toxic = made["toxics"][0];
  CHECK(toxic["name"] == "latency_downstream");
  CHECK(toxic["toxicity"] == "5%");
  CHECK(toxic["ttl"] == "10m");
  CHECK(toxic["attributes"]["latency"] == "1.5s");
  CHECK(toxic["attributes"]["jitter"] == "0s");
  CHECK(toxic["attributes"]["way"] == "one_way");
  CHECK(api.json(200, "GET", "/v1/proxies/a%20b") == made);
}

TEST_CASE("V1: a proxy says what is spoken on it, with defaults", "[v1]") {
  V1WithProxy api;
  const json plain = api.json(200, "GET", "/v1/proxies/redis");
  CHECK(plain["protocol"] == "tcp");
  CHECK(plain["accept_proxy_protocol"] == false);
  CHECK(plain["send_proxy_protocol"] == "none");
  const json made = api.json(201, "POST", "/v1/proxies",
                             R"({"name":"s","protocol":"socks5","send_proxy_protocol":"v1",
      "toxics":[{"type":"noop","match":{"destination":"db1:5432","client":"10.1.0.0/16"}}]})");
  CHECK(made["upstream"] == "");
  CHECK(made["toxics"][0]["match"] ==
        json::parse(R"({"clients":["10.1.0.0/16"],"destinations":["db1:5432"]})"));
  CHECK(api.json(200, "PUT", "/v1/proxies/s", made.dump())["protocol"] == "socks5");
  CHECK(api.json(200, "PATCH", "/v1/proxies/s",
                 R"({"send_proxy_protocol":"v2"})")["send_proxy_protocol"] == "v2");
  CHECK(api.json(200, "PATCH", "/v1/proxies/s",
                 R"({"send_proxy_protocol":null})")["send_proxy_protocol"] == "none");
  CHECK(api.json(200, "PATCH", "/v1/proxies/redis",
                 R"({"protocol":"connect","upstream":null})")["protocol"] == "connect");
  CHECK(api.json(200, "PATCH", "/v1/proxies/redis",
                 R"({"protocol":null,"upstream":"up:9"})")["protocol"] == "tcp");
  api.refused(422, "invalid", "/upstream", "takes no upstream", "PATCH", "/v1/proxies/s",
              R"({"upstream":"up:9"})");
  api.refused(422, "invalid", "", "missing required field: upstream", "POST", "/v1/proxies",
              R"({"name":"t","protocol":"tcp"})");
  api.refused(422, "invalid", "/protocol", "did you mean `socks5`?", "POST", "/v1/proxies",
              R"({"name":"t","protocol":"socks"})");
  api.refused(422, "invalid", "/listen", "needs a TCP port", "POST", "/v1/proxies",
              R"({"name":"t","protocol":"transparent","listen":"unix:/a"})");
  // Toxiproxy's API shows what it ever did.
  const std::string shown = api.call("GET", "/proxies/s").body;
  CHECK(shown.find("protocol") == std::string::npos);
  CHECK(api.call("POST", "/proxies/s", R"({"upstream":"up:9"})").status == 400);
  CHECK(api.call("POST", "/proxies/s", R"({"enabled":false})").status == 200);
}

TEST_CASE("V1: nothing is made of a proxy with one wrong toxic", "[v1]") {
  V1Fixture api;
  api.refused(422, "invalid", "/toxics/1/attributes/latancy", "did you mean `latency`?", "POST",
              "/v1/proxies", R"({"name":"a","upstream":"up:9","toxics":[{"type":"noop"},
              {"type":"latency","attributes":{"latancy":"1s"}}]})");
  CHECK(api.json(200, "GET", "/v1/proxies")["proxies"].empty());
}

TEST_CASE("V1: what is wrong in a document is said, and where", "[v1]") {
  V1WithProxy api;
  struct Case {
    std::string body, pointer, detail;
  };
  const std::vector<Case> cases = {
      {R"({"type":"latency","attribute":{}})", "/attribute", "did you mean `attributes`?"},
      {R"({"type":"latecny"})", "/type", "did you mean `latency`?"},
      {R"({"attributes":{}})", "", "missing required field: type"},
      {R"({"type":5})", "/type", "type must be a string, not the number 5"},
      {R"({"type":"noop","name":null})", "/name", "name is null"},
      {R"({"type":"noop","stream":"UpStream"})", "/stream", "upstream or downstream"},
      {R"({"type":"noop","toxicity":1.5})", "/toxicity", "from 0 to 1"},
      {R"({"type":"noop","toxicity":"150%"})", "/toxicity", "from 0 to 1"},
      {R"({"type":"latency","attributes":{"latency":100}})", "/attributes/latency",
       "latency needs a unit: write \"100ms\""},
      {R"({"type":"latency","attributes":{"latency":"-5ms"}})", "/attributes/latency", "latency"},
      {R"({"type":"bandwidth","attributes":{"rate":1000}})", "/attributes/rate", "write \"1MB/s\""},
      {R"({"type":"bandwidth","attributes":{"rate":"10mbps"}})", "/attributes/rate",
       "rate must be"},
      {R"({"type":"noop","ttl":"3h"})", "/ttl", "at most 2h (--max-ttl)"},
      {R"({"type":"noop","ttl":"none"})", "/ttl", "--no-ttl allow"},
      {R"({"type":"noop","ttl":10})", "/ttl", "ttl must be a time like \"10m\""},
      {R"({"type":"noop","ttl":"0s"})", "/ttl", "at least 1ms"},
      {R"({"type":"noop","match":{"clients":["10.0.0.0/33"]}})", "/match/clients/0", "/33"},
      {R"({"type":"noop","pulse":{"on":"1s"}})", "/pulse", "pulse.off"},
      {R"({"type":"latency","ramp":{"from":1,"to":"2s","over":"1s"}})", "/ramp/from",
       "needs a unit"},
      {R"({"type":"noop","engine":5})", "/engine", "engine must be a string"},
      {R"({"type":"noop","ends_at":[]})", "/ends_at", "ends_at must be a string"},
      {R"({"type":"noop","owner":")" + std::string(1001, 'x') + R"("})", "/owner", "1000 bytes"},
  };
  for (const Case& one : cases) {
    api.refused(422, "invalid", one.pointer, one.detail, "POST", kToxics, one.body);
  }
  CHECK(api.json(200, "GET", kToxics)["toxics"].empty());
  api.refused(422, "invalid", "/upstream", "did you mean `db:80`?", "PUT", "/v1/proxies/x",
              R"({"upstream":"http://db/"})");
  api.refused(422, "invalid", "/name", "as in the path", "PUT", "/v1/proxies/x",
              R"({"name":"y","upstream":"db:1"})");
  api.refused(409, "conflict", "/name", "PUT /v1/proxies/redis", "POST", "/v1/proxies",
              R"({"name":"redis","upstream":"db:1"})");
}

TEST_CASE("V1: a dry run answers as the real one would, and changes nothing", "[v1]") {
  V1WithProxy api;
  const json before = api.json(200, "GET", "/v1/proxies");
  const std::string toxic = R"({"name":"slow","type":"latency","attributes":{"latency":"1s"}})";
  const HttpResponse tried = api.call("POST", kToxics + "?dry_run=true", toxic);
  CHECK(tried.status == 201);
  CHECK(header(tried, "Dry-Run") == "true");
  CHECK(json::parse(tried.body)["attributes"]["latency"] == "1s");
  CHECK(api.call("POST", "/v1/proxies?dry_run=true", R"({"name":"n","upstream":"u:1"})").status ==
        201);
  CHECK(api.call("PUT", "/v1/proxies/redis?dry_run=true", R"({"upstream":"u:1"})").status == 200);
  CHECK(api.call("PATCH", "/v1/proxies/redis?dry_run=true", R"({"enabled":true,
      "listen":"127.0.0.1:0"})")
            .status == 200);
  CHECK(api.call("DELETE", "/v1/proxies/redis?dry_run=true").status == 204);
  api.refused(422, "invalid", "/type", "missing required", "POST", kToxics + "?dry_run=true",
              R"({"type":""})");
  CHECK(api.json(200, "GET", "/v1/proxies") == before);
}

TEST_CASE("V1: PUT is idempotent, and keeps the port it was given", "[v1]") {
  V1Fixture api;
  const std::string body = R"({"listen":"127.0.0.1:0","upstream":"up:9"})";
  const json made = api.json(201, "PUT", "/v1/proxies/a", body);
  CHECK(api.json(200, "PUT", "/v1/proxies/a", body) == made);
  CHECK(api.json(200, "PUT", "/v1/proxies/a", made.dump()) == made);
  const json without = api.json(200, "PUT", "/v1/proxies/a",
                                R"({"listen":"127.0.0.1:0","upstream":"up:9","enabled":false})");
  CHECK(without["enabled"] == false);
  CHECK(without["listen"] == made["listen"]);
}

TEST_CASE("V1: an address that is taken is a conflict, and changes nothing", "[v1]") {
  V1Fixture api;
  const json a = api.json(201, "POST", "/v1/proxies", R"({"name":"a","upstream":"u:1"})");
  const std::string taken = a["listen"];
  api.refused(409, "cannot-listen", "", "address already in use", "POST", "/v1/proxies",
              R"({"name":"b","upstream":"u:1","listen":")" + taken + R"("})");
  api.refused(409, "cannot-listen", "", "address already in use", "POST",
              "/v1/proxies?dry_run=true",
              R"({"name":"b","upstream":"u:1","listen":")" + taken + R"("})");
  CHECK(api.json(200, "GET", "/v1/proxies")["proxies"].size() == 1);
}

TEST_CASE("V1: a patch changes what it names", "[v1]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"name":"slow","type":"latency","toxicity":"50%",
      "attributes":{"latency":"1s","jitter":"20ms"},"match":{"first":3},"owner":"me"})");
  const std::string path = kToxics + "/slow";
  const json before = api.json(200, "GET", path);
  json expected = before;
  expected["attributes"]["latency"] = "2s";
  CHECK(api.json(200, "PATCH", path, R"({"attributes":{"latency":"2s"}})") == expected);
  expected["attributes"]["jitter"] = "0s";
  expected.erase("match");
  expected.erase("owner");
  CHECK(api.json(200, "PATCH", path,
                 R"({"attributes":{"jitter":null},"match":null,"owner":null})") == expected);
  api.refused(422, "invalid", "/attributes/latancy", "did you mean `latency`?", "PATCH", path,
              R"({"attributes":{"latancy":null}})");
  api.refused(422, "invalid", "/foo", "unknown key `foo`", "PATCH", path, R"({"foo":null})");
  api.refused(422, "invalid", "/type", "cannot be changed", "PATCH", path, R"({"type":"noop"})");
  api.refused(422, "invalid", "", "must be a map", "PATCH", path, "[]");
  CHECK(api.json(200, "GET", path) == expected);

  const json proxy = api.json(200, "PATCH", "/v1/proxies/redis", R"({"upstream":"z:1"})");
  CHECK(proxy["toxics"][0] == expected);
}

TEST_CASE("V1: a patch goes into maps, and leaves the rest of them", "[v1]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"name":"a","type":"noop",
      "match":{"clients":["10.1.0.0/16"],"first":3}})");
  const json changed = api.json(200, "PATCH", kToxics + "/a", R"({"match":{"first":5}})");
  CHECK(changed["match"]["clients"][0] == "10.1.0.0/16");
  CHECK(changed["match"]["first"] == 5);
  CHECK(!api.json(200, "PATCH", kToxics + "/a", R"({"match":{"first":null}})")["match"].contains(
      "first"));
}

TEST_CASE("V1: a patch does not set what a ramp moves", "[v1]") {
  V1WithProxy api;
  const std::string path = kToxics + "/a";
  api.json(201, "POST", kToxics, R"({"name":"a","type":"latency",
      "ramp":{"from":"0ms","to":"1s","over":"10s"}})");
  api.refused(422, "invalid", "/attributes/latency", "is moved by the toxic's ramp", "PATCH", path,
              R"({"attributes":{"latency":"5ms"}})");
  api.json(200, "PATCH", path, R"({"attributes":{"jitter":"5ms"}})");
  const json plain =
      api.json(200, "PATCH", path, R"({"ramp":null,"attributes":{"latency":"5ms"}})");
  CHECK(plain["attributes"]["latency"] == "5ms");
}

TEST_CASE("V1: names of any bytes, which others may make, do no harm", "[v1]") {
  V1Fixture api;
  REQUIRE(api.registry.create({.name = "caf\xe9",
                               .listen = "127.0.0.1:1",
                               .upstream = "u:\xe9",
                               .enabled = false,
                               .toxics = {}},
                              {}));
  api.refused(400, "malformed", "", "not UTF-8", "PATCH", "/v1/proxies/caf%E9", "{}");
  api.refused(400, "malformed", "", "not UTF-8", "PUT", "/v1/proxies/%FF", R"({"upstream":"u:1"})");
  CHECK(api.json(200, "GET", "/v1/proxies")["proxies"].size() == 1);
  REQUIRE(api.registry.create(
      {.name = "b", .listen = "127.0.0.1:1", .upstream = "u\xe9:1", .enabled = false, .toxics = {}},
      {}));
  api.json(200, "PATCH", "/v1/proxies/b", R"({"listen":"127.0.0.1:2"})");
  CHECK(api.registry.find("b").value()->upstream == "u\xe9:1");
}

TEST_CASE("V1: a patch leaves alone what only Toxiproxy's API takes", "[v1]") {
  V1WithProxy api;
  REQUIRE(api.call("POST", "/proxies/redis/toxics",
                   R"({"name":"odd","type":"latency","toxicity":7,
                       "attributes":{"latency":-5,"jitter":9}})")
              .status == 200);
  const json shown = api.json(200, "GET", kToxics + "/odd");
  CHECK(shown["attributes"]["latency"] == "-5ms");
  CHECK(shown["ttl"] == "none");
  api.json(200, "PATCH", kToxics + "/odd", R"({"attributes":{"jitter":"1ms"}})");
  CHECK(api.body_of("/proxies/redis/toxics/odd").find(R"("latency":-5)") != std::string::npos);
  CHECK(api.body_of("/proxies/redis/toxics/odd").find(R"("toxicity":7)") != std::string::npos);
}

TEST_CASE("V1: a ttl is the server's unless the toxic says, and is renewed by saying it", "[v1]") {
  V1WithProxy api({.default_ttl = std::chrono::seconds(30), .max_ttl = std::chrono::seconds(60)});
  api.json(201, "POST", kToxics, R"({"name":"a","type":"noop"})");
  const auto left = [&] {
    return api.registry.find_toxic("redis", "a").value()->life.ends - clock_now();
  };
  CHECK(left() > std::chrono::seconds(25));
  CHECK(left() <= std::chrono::seconds(30));
  const json before = api.json(200, "GET", kToxics + "/a");
  CHECK(api.json(200, "PATCH", kToxics + "/a", R"({"toxicity":"10%"})")["ends_at"] ==
        before["ends_at"]);
  CHECK(api.json(200, "PATCH", kToxics + "/a", R"({"ttl":"60s"})")["ends_at"] != before["ends_at"]);
  CHECK(left() > std::chrono::seconds(50));
  api.json(200, "PATCH", kToxics + "/a", R"({"ttl":null})");
  CHECK(left() <= std::chrono::seconds(30));
  api.json(200, "PUT", kToxics + "/a", R"({"type":"noop","ttl":"1ms"})");
  const auto due = clock_now() + std::chrono::milliseconds(2);
  CHECK(api.registry.next_end() <= due);
  const auto ended =
      api.registry.end_toxics([&](const ToxicSpec& toxic) { return toxic.life.ends <= due; });
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].first == "redis");
  CHECK(api.registry.next_end() == kNever);
}

TEST_CASE("V1: a toxic may stay for good where the server says so", "[v1]") {
  V1WithProxy api({.may_have_no_end = true});
  const json made = api.json(201, "POST", kToxics, R"({"name":"a","type":"noop","ttl":"none"})");
  CHECK(made["ttl"] == "none");
  CHECK(!made.contains("ends_at"));
  CHECK(api.registry.next_end() == kNever);
}

TEST_CASE("V1: every type of toxic can be made from what is shown of its defaults", "[v1]") {
  V1WithProxy api;
  const json types = api.json(200, "GET", "/v1/toxic-types")["toxic_types"];
  for (const json& type : types) {
    const std::string name = type["name"];
    INFO(name);
    CHECK(api.json(200, "GET", "/v1/toxic-types/" + name) == type);
    const HttpResponse made =
        api.call("PUT", kToxics + "/x?dry_run=true", json({{"type", name}}).dump());
    if (made.status == 422) continue;  // It has an attribute that must be given.
    REQUIRE(made.status == 201);
    const HttpResponse again = api.call("PUT", kToxics + "/x?dry_run=true", made.body);
    CHECK(again.status == 201);
    CHECK(again.body == made.body);
  }
}

TEST_CASE("V1: the configuration that it shows makes what there is", "[v1]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"name":"slow","type":"latency","toxicity":"30%",
      "attributes":{"latency":"1s"},"ttl":"5m"})");
  const json config = api.json(200, "GET", "/v1/config");
  CHECK(config["version"] == 1);
  const json& toxic = config["proxies"][0]["toxics"][0];
  CHECK(toxic["toxicity"] == "30%");
  CHECK(toxic["ttl"].get<std::string>().find("4m59.") == 0);
}

TEST_CASE("V1: counts are shown for each proxy and toxic", "[v1]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"name":"slow","type":"latency"})");
  const json stats = api.json(200, "GET", "/v1/stats");
  CHECK(stats["proxies"][0]["name"] == "redis");
  CHECK(stats["proxies"][0]["toxics"][0]["name"] == "slow");
  CHECK(stats["held_bytes"] == 0);
}

}  // namespace
}  // namespace faultline
