// What ends faults: leases, a halt.

#include "proxy/alarm_clock.h"
#include "tests/control-api/v1_fixture.h"
#include "tests/support/temp_dir.h"

namespace faultline {
namespace {
using nlohmann::json;
using test::V1WithProxy;

const std::string kToxics = "/v1/proxies/redis/toxics";

TEST_CASE("V1: what is bound to a lease ends with it", "[v1]") {
  V1WithProxy api;
  const json lease = api.json(201, "POST", "/v1/leases", R"({"ttl":"20s","owner":"o"})");
  const std::string id = lease["id"];
  const std::string bound = R"("lease":")" + id + R"(")";
  const json toxic = api.json(201, "POST", kToxics, R"({"name":"a","type":"noop",)" + bound + "}");
  CHECK(toxic["ttl"] == "none");
  CHECK(toxic["lease"] == id);
  api.json(201, "POST", kToxics, R"({"name":"b","type":"noop","ttl":"5s",)" + bound + "}");
  api.json(201, "POST", kToxics, R"({"name":"free","type":"noop"})");
  api.refused(422, "invalid", "/lease", "there is no lease `x`", "POST", kToxics,
              R"({"name":"c","type":"noop","lease":"x"})");
  CHECK(api.json(200, "GET", "/v1/leases/" + id)["toxics"].size() == 2);
  CHECK(api.json(200, "GET", "/v1/leases")["leases"].size() == 1);

  const TimePoint begun = clock_now();
  CHECK(api.api.next_end() <= begun + std::chrono::seconds(5));
  api.api.end_due(begun + std::chrono::seconds(5));
  CHECK(api.json(200, "GET", kToxics)["toxics"].size() == 2);
  api.json(200, "POST", "/v1/leases/" + id + "/renew");
  api.api.end_due(begun + std::chrono::seconds(20));
  CHECK(api.json(200, "GET", kToxics)["toxics"].size() == 2);
  api.api.end_due(begun + std::chrono::seconds(25));
  const json left = api.json(200, "GET", kToxics)["toxics"];
  REQUIRE(left.size() == 1);
  CHECK(left[0]["name"] == "free");
  api.refused(404, "not-found", "", "may have ended", "POST", "/v1/leases/" + id + "/renew");
}

TEST_CASE("V1: a toxic that is taken from its lease has a ttl, and one that is put on one too",
          "[v1]") {
  V1WithProxy api;
  const std::string id = api.json(201, "POST", "/v1/leases", R"({"ttl":"20s"})")["id"];
  api.json(201, "POST", kToxics, R"({"name":"a","type":"noop","lease":")" + id + R"("})");
  api.refused(422, "invalid", "/lease", "there is no lease", "PATCH", kToxics + "/a",
              R"({"lease":"nonsense"})");
  const json config = api.json(200, "GET", "/v1/config")["proxies"][0]["toxics"][0];
  CHECK(!config.contains("lease"));
  CHECK(config["ttl"].get<std::string>().find("19.") == 0);
  const json freed = api.json(200, "PATCH", kToxics + "/a", R"({"lease":null})");
  CHECK(!freed.contains("lease"));
  CHECK(freed["ttl"] == "10m");
}

TEST_CASE("V1: a lease can be ended, and one must say how long it is", "[v1]") {
  V1WithProxy api;
  const std::string id = api.json(201, "POST", "/v1/leases", R"({"ttl":"20s"})")["id"];
  api.json(201, "POST", kToxics, R"({"name":"a","type":"noop","lease":")" + id + R"("})");
  CHECK(api.call("DELETE", "/v1/leases/" + id + "?dry_run=true").status == 204);
  CHECK(api.json(200, "GET", kToxics)["toxics"].size() == 1);
  CHECK(api.call("DELETE", "/v1/leases/" + id).status == 204);
  CHECK(api.json(200, "GET", kToxics)["toxics"].empty());
  api.refused(422, "invalid", "", "required field: ttl", "POST", "/v1/leases", "{}");
  api.refused(422, "invalid", "/ttl", "at most 2h", "POST", "/v1/leases", R"({"ttl":"3h"})");
  api.refused(422, "invalid", "/ttl", "at most 2h", "POST", "/v1/leases", R"({"ttl":"none"})");
  api.refused(422, "invalid", "/tl", "did you mean `ttl`?", "POST", "/v1/leases", R"({"tl":"3s"})");
  api.json(201, "POST", "/v1/leases?dry_run=true", R"({"ttl":"3s"})");
  CHECK(api.json(200, "GET", "/v1/leases")["leases"].empty());
}

TEST_CASE("V1: a halt removes every fault and lets none in, by any way", "[v1]") {
  V1WithProxy api;
  api.json(201, "POST", kToxics, R"({"name":"a","type":"noop"})");
  REQUIRE(api.call("POST", "/proxies/redis/toxics", R"({"name":"b","type":"noop"})").status == 200);
  api.refused(422, "invalid", "", "required field: reason", "POST", "/v1/halt", "{}");
  CHECK(api.json(200, "GET", "/v1/halt")["halted"] == false);
  CHECK(api.json(200, "POST", "/v1/halt?dry_run=true", R"({"reason":"r"})")["halted"] == true);
  CHECK(api.json(200, "GET", kToxics)["toxics"].size() == 2);

  const json halt = api.json(200, "POST", "/v1/halt", R"({"reason":"r","owner":"o"})");
  CHECK(halt["removed"] == 2);
  CHECK(halt["survives_restart"] == false);
  CHECK(api.json(200, "GET", kToxics)["toxics"].empty());
  const std::string toxic = R"({"name":"c","type":"noop"})";
  api.refused(423, "halted", "", "DELETE /v1/halt", "POST", kToxics, toxic);
  api.refused(423, "halted", "", "DELETE /v1/halt", "POST", kToxics + "?dry_run=true", toxic);
  api.refused(423, "halted", "", "DELETE /v1/halt", "PUT", "/v1/proxies/new",
              R"({"upstream":"u:1","enabled":false,"toxics":[{"type":"noop"}]})");
  CHECK(api.call("POST", "/proxies/redis/toxics", toxic).status == 409);
  CHECK(api.call("POST", "/populate", R"([{"name":"p","listen":"127.0.0.1:0","upstream":"u:1",
      "toxics":[{"type":"noop"}]}])")
            .status == 409);
  api.json(200, "PATCH", "/v1/proxies/redis", R"({"upstream":"other:1"})");
  CHECK(api.call("POST", "/reset").status == 204);

  CHECK(api.call("DELETE", "/v1/halt?dry_run=true").status == 204);
  api.refused(423, "halted", "", "DELETE /v1/halt", "POST", kToxics, toxic);
  CHECK(api.call("DELETE", "/v1/halt").status == 204);
  CHECK(api.json(200, "GET", kToxics)["toxics"].empty());
  api.json(201, "POST", kToxics, toxic);
}

TEST_CASE("V1: a halt is one again after a restart", "[v1]") {
  const test::TempDir dir;
  V1Settings settings;
  settings.halt_file = dir.file("halt.json");
  {
    V1WithProxy api(settings);
    CHECK(api.json(200, "POST", "/v1/halt", R"({"reason":"r"})")["survives_restart"] == true);
  }
  {
    V1WithProxy api(settings);
    CHECK(api.json(200, "GET", "/v1/halt")["reason"] == "r");
    api.refused(423, "halted", "", "", "POST", kToxics, R"({"type":"noop"})");
    CHECK(api.call("DELETE", "/v1/halt").status == 204);
  }
  V1WithProxy api(settings);
  CHECK(api.json(200, "GET", "/v1/halt")["halted"] == false);
}

}  // namespace
}  // namespace faultline
