#include "control-api/v1_api.h"

#include <set>

#include "control-api/v1_operations.h"
#include "control-api/v1_problem.h"
#include "tests/control-api/v1_fixture.h"

namespace faultline {
namespace {
using test::header;
using test::V1Fixture;
using test::V1WithProxy;

TEST_CASE("V1: what is not there is said, with what was meant", "[v1]") {
  V1WithProxy api;
  api.refused(404, "not-found", "", "did you mean `/v1/proxies`?", "GET", "/v1/proxy");
  api.refused(404, "not-found", "", "no proxy `rediss`; did you mean `redis`?", "GET",
              "/v1/proxies/rediss");
  api.refused(404, "not-found", "", "no toxic `slow`", "GET", "/v1/proxies/redis/toxics/slow");
  api.refused(404, "not-found", "", "did you mean `latency`?", "GET", "/v1/toxic-types/latecny");
}

TEST_CASE("V1: methods are as HTTP says", "[v1]") {
  V1WithProxy api;
  const HttpResponse refused = api.call("DELETE", "/v1/proxies");
  CHECK(refused.status == 405);
  CHECK(header(refused, "Allow") == "GET, HEAD, OPTIONS, POST");
  const HttpResponse options = api.call("OPTIONS", "/v1/proxies/redis");
  CHECK(options.status == 204);
  CHECK(header(options, "Allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT");
  const HttpResponse head = api.call("HEAD", "/v1/proxies/redis");
  CHECK(head.status == 200);
  CHECK(header(head, "ETag") == header(api.call("GET", "/v1/proxies/redis"), "ETag"));
  const HttpResponse moved = api.call("GET", "/v1?a=b");
  CHECK(moved.status == 308);
  CHECK(header(moved, "Location") == "/v1/?a=b");
}

TEST_CASE("V1: the query is read strictly", "[v1]") {
  V1WithProxy api;
  api.refused(400, "malformed", "", "no parameter `dryrun`; did you mean `dry_run`?", "DELETE",
              "/v1/proxies/redis?dryrun=true");
  api.refused(400, "malformed", "", "dry_run must be true or false, not `yes`", "DELETE",
              "/v1/proxies/redis?dry_run=yes");
  api.refused(400, "malformed", "", "given twice", "DELETE",
              "/v1/proxies/redis?dry_run=true&dry_run=true");
  api.refused(400, "malformed", "", "broken escape", "GET", "/v1/proxies?%zz=1");
  api.refused(400, "malformed", "", "no parameter `dry_run`", "GET", "/v1/proxies?dry_run=true");
  CHECK(api.json(200, "GET", "/v1/proxies")["proxies"].size() == 1);
}

TEST_CASE("V1: a body is one JSON document, and nothing else", "[v1]") {
  V1Fixture api;
  const std::string target = "/v1/proxies";
  api.refused(400, "malformed", "", "the body is empty", "POST", target);
  api.refused(400, "malformed", "", "not JSON", "POST", target, R"({"name":)");
  api.refused(400, "malformed", "", "not JSON", "POST", target, R"({} {})");
  api.refused(400, "malformed", "", "byte 2 is not UTF-8", "POST", target, "\"\xff\"");
  api.refused(400, "malformed", "/a~1b", "key `a/b` is given twice", "POST", target,
              R"({"a/b":1,"a/b":2})");
  api.refused(400, "malformed", "", "takes no body", "GET", target, "{}");
  std::string many = "[";
  for (int i = 0; i < 100'001; ++i) many += "0,";
  api.refused(400, "malformed", "", "more than 100000 values", "POST", target, many + "0]");
  api.refused(400, "malformed", "", "nested more than 64 deep", "POST", target,
              std::string(100, '[') + std::string(100, ']'));
  api.refused(422, "invalid", "", "a proxy must be a map, not a list", "POST", target, "[]");
  std::string keys = "{";
  for (int i = 0; i < 1001; ++i) keys += "\"k" + std::to_string(i) + "\":0,";
  keys.back() = '}';
  api.refused(400, "malformed", "", "more than 1000 keys", "POST", target, keys);
  std::string list = "[0";
  for (int i = 0; i < 50'000; ++i) list += ",0";
  api.refused(400, "malformed", "", "too long", "POST", target,
              "{\"" + std::string(100'000, 'k') + "\":" + list + "]}");
}

TEST_CASE("V1: a request's id comes back", "[v1]") {
  V1Fixture api;
  const auto id_of = [&](const std::string& sent) {
    return header(api.call("GET", "/v1/proxies", "", {{"X-Request-Id", sent}}), "X-Request-Id");
  };
  CHECK(id_of("run-7.a_B") == "run-7.a_B");
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string(129, 'a'), std::string("a\nb")}) {
    CHECK(id_of(bad) != bad);
    CHECK(id_of(bad).size() == 20);
  }
  CHECK(header(api.call("GET", "/v1/nothing"), "X-Request-Id").size() == 20);
}

TEST_CASE("V1: conditions keep two people from undoing each other's work", "[v1]") {
  V1WithProxy api;
  const std::string path = "/v1/proxies/redis";
  const std::string tag = header(api.call("GET", path), "ETag");
  REQUIRE(tag.size() > 2);
  CHECK(api.call("GET", path, "", {{"If-None-Match", "\"x\", " + tag}}).status == 304);
  CHECK(api.call("GET", path, "", {{"If-None-Match", "W/" + tag}}).status == 304);
  CHECK(api.call("GET", path, "", {{"If-None-Match", "\"x\""}}).status == 200);

  const HttpHeaders as_seen = {{"If-Match", tag}};
  CHECK(api.call("PATCH", path, R"({"upstream":"other:1"})", as_seen).status == 200);
  const HttpResponse late = api.call("PATCH", path, R"({"upstream":"third:1"})", as_seen);
  CHECK(late.status == 412);
  CHECK(api.json(200, "GET", path)["upstream"] == "other:1");
  CHECK(api.call("DELETE", path, "", as_seen).status == 412);
  CHECK(api.call("DELETE", path, "", {{"If-Match", "W/\"weak\""}}).status == 412);

  const std::string body = R"({"upstream":"up:9","enabled":false})";
  CHECK(api.call("PUT", path, body, {{"If-None-Match", "*"}}).status == 412);
  CHECK(api.call("PUT", "/v1/proxies/new", body, {{"If-Match", "*"}}).status == 412);
  CHECK(api.call("PUT", "/v1/proxies/new", body, {{"If-None-Match", "*"}}).status == 201);
  CHECK(api.call("DELETE", path, "", {{"If-Match", "*"}}).status == 204);
}

TEST_CASE("V1: web pages and foreign hosts are refused, browsers are not", "[v1]") {
  V1Fixture api;
  CHECK(api.call("GET", "/v1/proxies", "", {{"User-Agent", "Mozilla/5.0"}}).status == 200);
  const HttpResponse page = api.call("GET", "/v1/proxies", "", {{"Origin", "http://evil.com"}});
  CHECK(page.status == 403);
  CHECK(header(page, "Content-Type") == "application/problem+json");
  CHECK(api.call("GET", "/v1/proxies", "", {{"Host", "evil.com"}}).status == 403);
}

TEST_CASE("V1: it describes itself by the table that routes", "[v1]") {
  V1Fixture api;
  const auto document = api.json(200, "GET", "/v1/openapi.json");
  CHECK(document["openapi"] == "3.1.0");
  const HttpResponse page = api.call("GET", "/v1/", "", {{"Host", "localhost:9"}});
  CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
  std::set<std::string> ids;
  for (const V1Operation& operation : v1_operations()) {
    INFO(operation.id);
    CHECK(ids.emplace(operation.id).second);
    std::string method(operation.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    CHECK(document["paths"][std::string(operation.path)][method]["operationId"] == operation.id);
    CHECK(page.body.find("id=\"" + std::string(operation.id) + "\"") != std::string::npos);
    CHECK(operation.body.empty() == operation.example.empty());
    if (operation.answer.find('/') == std::string_view::npos && !operation.answer.empty()) {
      CHECK(document["components"]["schemas"].contains(std::string(operation.answer)));
    }
  }
  CHECK(page.body.find("curl http://localhost:9/v1/proxies/redis\n") == std::string::npos);
  CHECK(page.body.find("curl http://localhost:9/v1/proxies/redis<") != std::string::npos);
  for (const V1Problem& problem : v1_problems()) {
    CHECK(page.body.find("id=\"problem-" + std::string(problem.code)) != std::string::npos);
  }
}

TEST_CASE("V1: the page does not run what a request's host says", "[v1]") {
  V1Fixture api;
  const HttpResponse page = api.call("GET", "/v1/", "", {{"Host", "<script>:1"}});
  CHECK(page.body.find("<script>") == std::string::npos);
}

TEST_CASE("V1: a time for why is one of the calendar's", "[v1]") {
  V1WithProxy api;
  const std::string why = "/v1/why?client=10.1.2.3:40000&at=";
  api.refused(404, "not-found", "", "no connection", "GET", why + "2028-02-29T09:30:00Z");
  api.refused(404, "not-found", "", "no connection", "GET", why + "2016-12-31T23:59:60Z");
  for (const char* time : {"2026-02-31T09:30:00Z", "2026-02-29T09:30:00.5Z"}) {
    CHECK(api.call("GET", why + time).status == 400);
  }
}

TEST_CASE("V1: a request that comes again with its Idempotency-Key is not done again", "[v1]") {
  V1WithProxy api;
  const std::string path = "/v1/proxies/redis/toxics";
  const std::string toxic = R"({"type":"noop","name":"a"})";
  const HttpHeaders key = {{"Idempotency-Key", "k-1"}};
  CHECK(api.call("POST", path + "?dry_run=true", toxic, key).status == 201);
  const HttpResponse first = api.call("POST", path, toxic, key);
  REQUIRE(first.status == 201);
  const HttpResponse again = api.call("POST", path, toxic, key);
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  CHECK(header(again, "Idempotency-Replayed") == "true");
  CHECK(header(again, "Location") == header(first, "Location"));
  CHECK(api.call("POST", path, toxic).status == 409);
  CHECK(api.call("POST", path, toxic, {{"Idempotency-Key", "k-2"}}).status == 409);
  CHECK(api.call("POST", path, R"({"type":"noop","name":"b"})", key).status == 422);
  CHECK(api.call("POST", path, toxic, {{"Idempotency-Key", "a b"}}).status == 400);
  REQUIRE(api.call("DELETE", path + "/a").status == 204);
  // A halt is no thing that is made: it halts each time.
  for (int i = 0; i < 2; ++i) {
    CHECK(api.call("POST", "/v1/halt", R"({"reason":"r"})", key).status == 200);
    CHECK(api.json(200, "GET", "/v1/halt")["halted"] == true);
    REQUIRE(api.call("DELETE", "/v1/halt").status == 204);
  }
  // What was refused is tried anew.
  CHECK(api.call("POST", path, toxic, {{"Idempotency-Key", "k-2"}}).status == 201);
}

}  // namespace
}  // namespace faultline
