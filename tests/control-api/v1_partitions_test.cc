// Zones and partitions, as /v1 takes and shows them.

#include "proxy/alarm_clock.h"
#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using nlohmann::json;
using test::V1WithProxy;

const std::string kZones = R"({"zones":{"a":{"cidrs":["10.1.0.0/16"]},)"
                           R"("b":{"cidrs":["10.2.0.0/16","fd00:2::/32"]},"c":{}}})";
const std::string kPartitions = "/v1/partitions";

struct V1WithZones : V1WithProxy {
  explicit V1WithZones(V1Settings settings = {}) : V1WithProxy(settings) {
    json(200, "PUT", "/v1/zones", kZones);
  }
};

TEST_CASE("V1: zones are made, shown, changed and removed", "[v1][zones]") {
  V1WithProxy api;
  CHECK(api.json(200, "GET", "/v1/zones")["zones"].empty());
  const json made = api.json(200, "PUT", "/v1/zones", kZones);
  REQUIRE(made["zones"].size() == 3);
  CHECK(made["zones"][1] == json::parse(R"({"name":"b","cidrs":["10.2.0.0/16","fd00:2::/32"]})"));
  CHECK(api.json(200, "PUT", "/v1/zones", made.dump()) == made);
  api.json(200, "PUT", "/v1/zones?dry_run=true", R"({"zones":{}})");
  CHECK(api.json(200, "GET", "/v1/zones") == made);

  CHECK(api.json(200, "GET", "/v1/which?address=10.2.3.4") ==
        json::parse(R"({"address":"10.2.3.4","zone":"b","cidr":"10.2.0.0/16","proxies":[]})"));
  CHECK(api.json(200, "GET", "/v1/which?address=fd00:2::1")["zone"] == "b");
  CHECK(api.json(200, "GET", "/v1/which?address=10.9.9.9")["zone"] == "none");
  CHECK(api.json(200, "GET", "/v1/which?address=10.9.9.9")["cidr"].is_null());
  api.refused(400, "malformed", "", "must be one IP address", "GET", "/v1/which?address=db1");
  api.refused(400, "malformed", "", "must be one IP address", "GET",
              "/v1/which?address=10.0.0.0/8");
  api.refused(400, "malformed", "", "missing parameter: address", "GET", "/v1/which");

  CHECK(api.json(201, "PUT", "/v1/zones/d", R"({"cidrs":["10.4.0.0/16"]})")["name"] == "d");
  CHECK(api.json(200, "PUT", "/v1/zones/d", R"({"cidrs":[]})")["cidrs"].empty());
  CHECK(api.call("DELETE", "/v1/zones/d").status == 204);
  api.refused(404, "not-found", "", "there is no zone `d`; there are a, b, c", "GET",
              "/v1/zones/d");
}

TEST_CASE("V1: zones that cannot be are refused, with what is wrong", "[v1][zones]") {
  V1WithZones api;
  api.refused(422, "invalid", "/zones", "overlap: 10.1.0.0/16 holds 10.1.2.0/24", "PUT",
              "/v1/zones",
              R"({"zones":{"a":{"cidrs":["10.1.0.0/16"]},"b":{"cidrs":["10.1.2.0/24"]}}})");
  api.refused(422, "invalid", "/zones/a/cidrs/0", "has bits set beyond /16", "PUT", "/v1/zones",
              R"({"zones":{"a":{"cidrs":["10.1.0.1/16"]}}})");
  api.refused(422, "invalid", "/zones/none", "cannot be named `none`", "PUT", "/v1/zones",
              R"({"zones":{"none":{}}})");
  api.refused(422, "invalid", "/zones/a/cidr", "did you mean `cidrs`?", "PUT", "/v1/zones",
              R"({"zones":{"a":{"cidr":["10.1.0.0/16"]}}})");
  api.refused(422, "invalid", "/name", "name must be `a`", "PUT", "/v1/zones/a", R"({"name":"b"})");
  api.refused(422, "invalid", "", "a zone must be an object", "PUT", "/v1/zones/a", "null");
  api.refused(422, "invalid", "/zone", "there is no zone `d`", "PATCH", "/v1/proxies/redis",
              R"({"zone":"d"})");
  api.json(200, "PATCH", "/v1/proxies/redis", R"({"zone":"c","client_zone":"a"})");
  api.refused(409, "conflict", "", "without zone `c`: proxy `redis`: zone: there is no zone `c`",
              "DELETE", "/v1/zones/c");
  CHECK(api.json(200, "GET", "/v1/zones/c")["proxies"] == json::array({"redis"}));
  const json config = api.json(200, "GET", "/v1/config");
  CHECK(config["proxies"][0]["zone"] == "c");
  CHECK(config["zones"]["a"]["cidrs"][0] == "10.1.0.0/16");
  CHECK(!api.json(200, "PATCH", "/v1/proxies/redis", R"({"zone":null})").contains("zone"));
}

TEST_CASE("V1: a partition is shown with every default, and what is shown makes it again",
          "[v1][partition]") {
  V1WithZones api;
  const json shown =
      api.json(201, "POST", kPartitions, R"({"name":"b-cut","shape":"isolate","zones":["b"]})");
  CHECK(shown["mode"] == "blackhole");
  CHECK(shown["connections"] == "100%");
  CHECK(shown["scope"] == "both");
  CHECK(shown["heal"] == "resume");
  CHECK(shown["shadow"] == false);
  CHECK(shown["ttl"] == "10m");
  CHECK(shown.contains("ends_at"));
  CHECK(shown["links"].size() == 6);
  CHECK(shown["engines"].size() == 1);
  CHECK(!shown.contains("attributes"));
  CHECK(api.call("DELETE", kPartitions + "/b-cut").status == 204);
  json again = api.json(201, "PUT", kPartitions + "/b-cut", shown.dump());
  again["ends_at"] = shown["ends_at"];
  CHECK(again == shown);

  const json lossy = api.json(
      201, "POST", kPartitions,
      R"({"from":"a","to":["b","c"],"direction":"from_to","mode":"lossy","connections":"30%",)"
      R"("scope":"new","heal":"reset","flap":{"on":"5s","off":"20s"},"ttl":"1m","owner":"anna",)"
      R"("reason":"drill","limits":{"max_connections":5}})");
  CHECK(lossy["name"] == "a-to-b-c");
  CHECK(lossy["attributes"]["loss"] == "15%");
  CHECK(lossy["connections"] == "30%");
  CHECK(lossy["flap"]["off"] == "20s");
  CHECK(lossy["limits"]["max_connections"] == 5);
  CHECK(lossy["links"] == json::parse(R"([{"from":"a","to":"b"},{"from":"a","to":"c"}])"));
  CHECK(api.json(200, "GET", kPartitions)["partitions"].size() == 2);

  const json patched =
      api.json(200, "PATCH", kPartitions + "/a-to-b-c", R"({"mode":"slow","flap":null})");
  CHECK(patched["attributes"]["latency"] == "200ms");
  CHECK(!patched.contains("flap"));
  CHECK(patched["ends_at"] == lossy["ends_at"]);
  CHECK(patched["scope"] == "new");

  // One way to say what it is between takes the place of the other.
  const std::string path = kPartitions + "/a-to-b-c";
  const json halves = api.json(200, "PATCH", path, R"({"shape":"halves","zones":["a","b"]})");
  CHECK(halves["zones"] == json::array({"a", "b"}));
  CHECK(!halves.contains("from"));
  CHECK(api.json(200, "PATCH", path, R"({"shape":"isolate"})")["links"].size() == 8);
  const json from_to = api.json(200, "PATCH", path, R"({"from":"a","to":"c"})");
  CHECK(from_to["shape"] == "from-to");
  CHECK(from_to["direction"] == "both");
  CHECK(api.json(200, "PATCH", path, R"({"to":"b"})")["from"] == json::array({"a"}));
  api.refused(422, "invalid", "/zones", "zones goes with a shape", "PATCH", path,
              R"({"from":"a","zones":["b"]})");
  api.refused(422, "invalid", "/from", "from does not go with shape ring", "PATCH", path,
              R"({"from":"a","shape":"ring","zones":["a","b","c"]})");
}

TEST_CASE("V1: a dry run says what would carry a partition out", "[v1][partition]") {
  V1WithZones api;
  api.json(200, "PATCH", "/v1/proxies/redis", R"({"zone":"c"})");
  const std::string dry_run = "?dry_run=true";
  const auto tried = [&](const std::string& body) {
    const json would_be = api.json(201, "POST", kPartitions + dry_run, body);
    CHECK(api.json(200, "GET", kPartitions)["partitions"].empty());
    const json is = api.json(201, "POST", kPartitions, body);
    CHECK(would_be["engines"] == is["engines"]);
    CHECK(would_be["engine"] == is["engine"]);
    api.call("DELETE", kPartitions + "/p");
    return would_be;
  };
  CHECK(tried(R"({"name":"p","shape":"isolate","zones":["c"]})")["engine"] != "none");
  CHECK(tried(R"({"name":"p","from":"a","to":"c","mode":"slow"})")["engines"].size() == 1);
  CHECK(tried(R"({"name":"p","from":"a","to":"b"})")["engine"] == "none");

  api.json(201, "POST", kPartitions, R"({"name":"p","from":"a","to":"c","mode":"stall"})");
  const json other = api.json(200, "PATCH", kPartitions + "/p" + dry_run, R"({"mode":"refuse"})");
  CHECK(other["engine"] == "user-space");
  CHECK(api.json(200, "PATCH", kPartitions + "/p" + dry_run, R"({"to":"b"})")["engine"] == "none");
}

TEST_CASE("V1: slow and lossy are so by default, whatever else is said of them",
          "[v1][partition]") {
  V1WithZones api;
  const auto attributes = [&](const std::string& rest) {
    return api.json(201, "POST", kPartitions + "?dry_run=true",
                    R"({"from":"a","to":"b",)" + rest + "}")["attributes"];
  };
  CHECK(attributes(R"("mode":"slow")")["latency"] == "200ms");
  CHECK(attributes(R"("mode":"slow","attributes":{"jitter":"5ms"})")["latency"] == "200ms");
  CHECK(attributes(R"("mode":"slow","attributes":{"latency":"1ms"})")["latency"] == "1ms");
  CHECK(attributes(R"("mode":"lossy","attributes":{})")["loss"] == "15%");
  CHECK(attributes(R"("mode":"lossy","attributes":{"engine":"model"})")["loss"] == "15%");
  CHECK(attributes(R"("mode":"lossy","attributes":{"loss":"0%"})")["loss"] == "0%");
  CHECK(attributes(R"("mode":"lossy","attributes":{"p":"1%"})")["loss"] == "0%");
}

TEST_CASE("V1: a partition that cannot be is refused, and nothing changes", "[v1][partition]") {
  V1WithZones api;
  const auto refused = [&](const std::string& pointer, const std::string& detail,
                           const std::string& body) {
    api.refused(422, "invalid", pointer, detail, "POST", kPartitions, body);
  };
  refused("/mode", "did you mean `blackhole`?", R"({"from":"a","to":"b","mode":"blackhol"})");
  refused("", "there is no zone `d`; there are a, b, c", R"({"from":"a","to":"d"})");
  refused("/frm", "did you mean `from`?", R"({"frm":"a","to":"b"})");
  refused("/attributes/latency", "unit",
          R"({"from":"a","to":"b","mode":"slow","attributes":{"latency":200}})");
  refused("/connections", "connections", R"({"from":"a","to":"b","connections":30})");
  refused("/limits", "a share of its connections by `connections`",
          R"({"from":"a","to":"b","limits":{"max_share":"5%"}})");
  refused("/engine", "engine", R"({"from":"a","to":"b","engine":5})");
  refused("/links", "is a list in an answer", R"({"from":"a","to":"b","links":"a>b"})");
  refused("/ttl", "at most 2h", R"({"from":"a","to":"b","ttl":"3h"})");
  refused("/lease", "there is no lease `x`", R"({"from":"a","to":"b","lease":"x"})");
  refused("/name", "named as zones are", R"({"from":"a","to":"b","name":"a b"})");
  CHECK(api.json(200, "GET", kPartitions)["partitions"].empty());

  api.json(201, "POST", kPartitions, R"({"name":"p","from":"a","to":"b"})");
  api.refused(409, "conflict", "/name", "PUT /v1/partitions/p would replace it", "POST",
              kPartitions, R"({"name":"p","from":"a","to":"c"})");
  api.refused(404, "not-found", "", "there is no partition `pp1`", "GET", kPartitions + "/pp1");
  for (int i = 1; i < 100; ++i) {
    const std::string name = "p" + std::to_string(i);
    api.json(201, "PUT", kPartitions + "/" + name, R"({"from":"a","to":"b"})");
  }
  api.refused(409, "conflict", "", "there can be 100 partitions, not 101", "PUT",
              kPartitions + "/p100", R"({"from":"a","to":"b"})");
}

TEST_CASE("V1: partitions end as toxics do: by time, lease and halt", "[v1][partition]") {
  V1WithZones api;
  const std::string id = api.json(201, "POST", "/v1/leases", R"({"ttl":"20s"})")["id"];
  api.json(201, "POST", kPartitions,
           R"({"name":"leased","from":"a","to":"b","lease":")" + id + R"("})");
  api.json(201, "POST", kPartitions, R"({"name":"short","from":"a","to":"b","ttl":"5s"})");
  api.json(201, "POST", kPartitions, R"({"name":"long","from":"a","to":"b"})");
  CHECK(api.json(200, "GET", "/v1/leases/" + id)["toxics"][0]["partition"] == "leased");
  const TimePoint begun = clock_now();
  CHECK(api.api.next_end() <= begun + std::chrono::seconds(5));
  api.api.end_due(begun + std::chrono::seconds(5));
  CHECK(api.json(200, "GET", kPartitions)["partitions"].size() == 2);
  api.api.end_due(begun + std::chrono::seconds(21));
  const json left = api.json(200, "GET", kPartitions)["partitions"];
  REQUIRE(left.size() == 1);
  CHECK(left[0]["name"] == "long");

  const json unclean = json::parse(api.call("GET", "/v1/clean").body);
  CHECK(unclean["lingering"][0] == json::parse(R"({"kind":"partition","partition":"long"})"));
  CHECK(api.json(200, "POST", "/v1/halt", R"({"reason":"stop"})")["removed"] == 1);
  CHECK(api.json(200, "GET", kPartitions)["partitions"].empty());
  api.refused(423, "halted", "", "faults are halted", "POST", kPartitions,
              R"({"from":"a","to":"b"})");
}

TEST_CASE("V1: the matrix says what a partition cuts, and its effect starts at nothing",
          "[v1][partition]") {
  V1WithZones api;
  api.json(201, "POST", kPartitions,
           R"({"name":"half","from":"a","to":"b","direction":"from_to"})");
  api.json(201, "POST", kPartitions, R"({"name":"sh","from":"b","to":"c","shadow":true})");
  const json matrix = api.json(200, "GET", "/v1/matrix");
  CHECK(matrix["zones"] == json::array({"a", "b", "c", "none"}));
  REQUIRE(matrix["cells"].size() == 16);
  for (const json& cell : matrix["cells"]) {
    const bool is_cut = cell["from"] == "a" && cell["to"] == "b";
    CHECK(cell["state"] == (is_cut ? "cut" : "ok"));
  }
  CHECK(matrix["cells"][6]["partitions"] == json::array({"sh"}));
  const json effect = api.json(200, "GET", kPartitions + "/half/effect");
  CHECK(effect["matched"] == 0);
  CHECK(effect["crossed"] == 0);
  CHECK(effect["in_force_after_ms"].is_number());
}

TEST_CASE("V1: an effect says where those who dial are refused and not counted",
          "[v1][partition]") {
  V1WithZones api;
  const auto uncounted = [&] {
    return api.json(200, "GET", kPartitions + "/p/effect")["refused_uncounted"];
  };
  api.json(200, "PATCH", "/v1/proxies/redis", R"({"zone":"c"})");
  api.json(201, "POST", kPartitions, R"({"name":"p","from":"a","to":"c","mode":"refuse"})");
  CHECK(uncounted().empty());  // Others dial there: they are accepted and reset.
  api.json(200, "PATCH", "/v1/proxies/redis", R"({"client_zone":"a"})");
  CHECK(uncounted() == json::array({"redis"}));
  api.json(200, "PATCH", kPartitions + "/p", R"({"mode":"reset"})");
  CHECK(uncounted().empty());
}

}  // namespace
}  // namespace faultline
