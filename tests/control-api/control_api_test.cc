#include "control-api/control_api.h"

#include <arpa/inet.h>

#include <array>
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "tests/control-api/api_fixture.h"

namespace faultline {
namespace {
using test::ApiFixture;
using test::header;

const std::string kProxyA =
    R"({"name":"a","listen":"127.0.0.1:1","upstream":"up:9","enabled":false,"toxics":[]})";

/// A fixture with the disabled proxy `a`.
struct WithProxy : ApiFixture {
  WithProxy() {
    REQUIRE(call("POST", "/proxies",
                 R"({"name":"a","listen":"127.0.0.1:1","upstream":"up:9","enabled":false})")
                .status == 201);
  }
};

void check_error(const HttpResponse& response, int status, const std::string& message) {
  CHECK(response.status == status);
  CHECK(response.body ==
        R"({"error":")" + message + R"(","status":)" + std::to_string(status) + "}\n");
  CHECK(header(response, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(header(response, "X-Content-Type-Options") == "nosniff");
  CHECK(header(response, "X-Toxiproxy-Request-Id") != "(none)");
}

TEST_CASE("the version is Toxiproxy's, and ours beside it", "[control_api]") {
  ApiFixture api;
  const HttpResponse response = api.call("GET", "/version?x=/y");
  CHECK(response.status == 200);
  CHECK(header(response, "Content-Type") == "application/json;charset=utf-8");
  CHECK(response.body == "{\"version\": \"2.12.0\", \"faultline\": \"" FAULTLINE_VERSION "\"}\n");
}

TEST_CASE("K1: every call answers with Toxiproxy's status", "[control_api]") {
  WithProxy api;
  CHECK(api.body_of("/proxies") == R"({"a":)" + kProxyA + "}");
  CHECK(api.body_of("/proxies/a") == kProxyA);
  CHECK(api.body_of("/proxies/a/toxics") == "[]");
  const std::string toxic =
      R"({"attributes":{"latency":5,"jitter":0},"name":"lag","type":"latency",)"
      R"("stream":"upstream","toxicity":1})";
  const HttpResponse made =
      api.call("POST", "/proxies/a/toxics",
               R"({"name":"lag","type":"latency","stream":"upstream","attributes":{"latency":5}})");
  CHECK(made.status == 200);
  CHECK(made.body == toxic);
  CHECK(header(made, "Content-Type") == "application/json");
  CHECK(api.body_of("/proxies/a/toxics") == "[" + toxic + "]");
  CHECK(api.body_of("/proxies/a/toxics/lag") == toxic);
  for (const std::string method : {"POST", "PATCH"}) {
    CHECK(api.call(method, "/proxies/a", R"({"upstream":"other:1"})").status == 200);
    CHECK(api.call(method, "/proxies/a/toxics/lag", R"({"toxicity":0.5})").status == 200);
  }
  CHECK(api.body_of("/proxies/a").find(R"("upstream":"other:1")") != std::string::npos);
  CHECK(api.body_of("/proxies/a/toxics/lag").find(R"("toxicity":0.5})") != std::string::npos);
  const HttpResponse gone = api.call("DELETE", "/proxies/a/toxics/lag", "ignored");
  CHECK(gone.status == 204);
  CHECK(gone.body.empty());
  CHECK(header(gone, "Content-Type") == "(none)");
  CHECK(api.call("DELETE", "/proxies/a").status == 204);
  CHECK(api.call("POST", "/reset", "ignored").status == 204);
  CHECK(api.body_of("/proxies") == "{}");
}

TEST_CASE("K2, K3: errors are JSON labelled as text", "[control_api]") {
  WithProxy api;
  check_error(api.call("GET", "/proxies/x"), 404, "proxy not found");
  check_error(api.call("DELETE", "/proxies/x"), 404, "proxy not found");
  check_error(api.call("GET", "/proxies/x/toxics"), 404, "proxy not found");
  check_error(api.call("GET", "/proxies/x/toxics/y"), 404, "proxy not found");
  check_error(api.call("GET", "/proxies/a/toxics/y"), 404, "toxic not found");
  check_error(api.call("DELETE", "/proxies/a/toxics/y"), 404, "toxic not found");
  check_error(api.call("POST", "/proxies", R"({"name":"a","upstream":"x"})"), 409,
              "proxy already exists");
  check_error(api.call("POST", "/proxies", ""), 400, "bad request body: EOF");
  check_error(api.call("POST", "/proxies", "null"), 400, "missing required field: name");
  check_error(api.call("POST", "/proxies/a", "["), 400, "bad request body: unexpected EOF");
  check_error(api.call("POST", "/proxies/a/toxics", R"({"type":"x"})"), 400, "invalid toxic type");
  const std::string noop = R"({"type":"noop"})";
  CHECK(api.call("POST", "/proxies/a/toxics", noop).status == 200);
  check_error(api.call("POST", "/proxies/a/toxics", noop), 409, "toxic already exists");
  // A name that is taken is found before the attributes are read.
  check_error(api.call("POST", "/proxies/a/toxics", R"({"type":"noop","attributes":5})"), 409,
              "toxic already exists");
}

TEST_CASE("a name that is not there is 404 before the body is read", "[control_api]") {
  WithProxy api;
  check_error(api.call("POST", "/proxies/x", "{"), 404, "proxy not found");
  check_error(api.call("POST", "/proxies/x/toxics", "{"), 404, "proxy not found");
  check_error(api.call("POST", "/proxies/x/toxics/y", "{"), 404, "proxy not found");
  check_error(api.call("PATCH", "/proxies/a/toxics/y", "{"), 404, "toxic not found");
}

TEST_CASE("F5: an update that fails changes nothing", "[control_api]") {
  WithProxy api;
  REQUIRE(api.call("POST", "/proxies/a/toxics", R"({"type":"latency","name":"lag"})").status ==
          200);
  const std::string before = api.body_of("/proxies/a");
  for (const std::string bad : {R"({"attributes":{"latency":77,"jitter":"q"}})",
                                R"({"attributes":{"latency":77},"toxicity":"q"})",
                                R"({"toxicity":1e99,"attributes":{"latency":77}})"}) {
    CHECK(api.call("POST", "/proxies/a/toxics/lag", bad).status == 400);
  }
  CHECK(api.call("POST", "/proxies/a", R"({"upstream":"changed:1","enabled":"perhaps"})").status ==
        400);
  CHECK(api.call("POST", "/proxies/a", R"({"upstream":"changed:1","listen":"garbage"})").status ==
        500);
  CHECK(api.body_of("/proxies/a") == before);
}

TEST_CASE("an update cannot change conditions, and says so", "[control_api]") {
  WithProxy api;
  const HttpResponse made =
      api.call("POST", "/proxies/a/toxics", R"({"type":"latency","name":"lag","after":"10s"})");
  REQUIRE(made.status == 200);
  for (const char* method : {"POST", "PATCH"}) {
    check_error(api.call(method, "/proxies/a/toxics/lag",
                         R"({"pulse":{"on":"1s","off":"2s"},"toxicity":0.5})"),
                400, "pulse cannot be changed: remove the toxic and add it anew");
    CHECK(api.body_of("/proxies/a/toxics/lag") == made.body);
    // Toxiproxy's clients send the whole toxic back.
    CHECK(api.call(method, "/proxies/a/toxics/lag", made.body).body == made.body);
  }
}

TEST_CASE("a port that is taken is 500, and the proxy is not stored", "[control_api]") {
  ApiFixture api;
  const HttpResponse first =
      api.call("POST", "/proxies", R"({"name":"one","listen":"127.0.0.1:0","upstream":"x:1"})");
  REQUIRE(first.status == 201);
  const std::string listen = (*api.registry.find("one"))->listen;
  check_error(
      api.call("POST", "/proxies", R"({"name":"two","upstream":"x:1","listen":")" + listen + "\"}"),
      500, "listen tcp " + listen + ": bind: address already in use");
  CHECK(api.call("GET", "/proxies/two").status == 404);
}

TEST_CASE("toxics sent with a new proxy are there at once; an update ignores them",
          "[control_api]") {
  ApiFixture api;
  const std::string body = R"({"name":"a","upstream":"x:1","enabled":false,)"
                           R"("toxics":[{"type":"latency","attributes":{"latency":9}}]})";
  const HttpResponse made = api.call("POST", "/proxies", body);
  CHECK(made.status == 201);
  CHECK(made.body.find(R"("latency":9)") != std::string::npos);
  CHECK(api.call("POST", "/proxies/a", R"({"toxics":[]})").status == 200);
  CHECK(api.body_of("/proxies/a/toxics").find(R"("latency":9)") != std::string::npos);
}

TEST_CASE("populate creates all, in order, as JSON by name", "[control_api]") {
  WithProxy api;
  const HttpResponse response = api.call("POST", "/populate",
                                         R"([{"name":"z","upstream":"u:1","enabled":false},
          {"name":"a","listen":"127.0.0.1:1","upstream":"up:9","enabled":true}])");
  CHECK(response.status == 201);
  CHECK(header(response, "Content-Type") == "application/json");
  CHECK(response.body ==
        R"({"proxies":[{"name":"z","listen":"","upstream":"u:1","enabled":false,"toxics":[]},)" +
            kProxyA + "]}");
  for (const std::string empty : {"[]", "null"}) {
    const HttpResponse nothing = api.call("POST", "/populate", empty);
    CHECK(nothing.status == 201);
    CHECK(nothing.body == R"({"proxies":[]})");
  }
}

TEST_CASE("B8: a populate that fails leaves nothing behind", "[control_api]") {
  ApiFixture api;
  const auto check = [&](const std::string& body, int status, const std::string& error) {
    const HttpResponse response = api.call("POST", "/populate", body);
    CHECK(response.status == status);
    CHECK(header(response, "Content-Type") == "application/json");
    CHECK(response.body == R"({"error":")" + error + R"(","status":)" + std::to_string(status) +
                               R"(,"proxies":[]})");
    CHECK(api.body_of("/proxies") == "{}");
  };
  const std::string good = R"([{"name":"a","upstream":"x:1","listen":"127.0.0.1:0"},)";
  check(good + "{}]", 400, "missing required field: name at proxy 2");
  check(good + R"({"name":"b","upstream":"x","listen":"foo"}])", 500,
        "listen tcp: address foo: missing port in address");
  check("", 400, "bad request body: EOF");
}

TEST_CASE("paths: what is not there, other methods, cleaning, bad escapes", "[control_api]") {
  WithProxy api;
  for (const std::string path :
       {"/", "/x", "/proxies/", "/proxies/a/", "/proxies/a/toxics/", "/PROXIES", "/toxics",
        "/proxies/a/b", "/proxies/a/toxics/b/c", "*"}) {
    INFO(path);
    const HttpResponse response = api.call("GET", path);
    CHECK(response.status == 404);
    CHECK(response.body == "404 page not found\n");
    CHECK(header(response, "Content-Type") == "text/plain; charset=utf-8");
    CHECK(header(response, "X-Toxiproxy-Request-Id") == "(none)");
  }
  for (const std::string method : {"PUT", "HEAD", "OPTIONS", "DELETE"}) {
    const HttpResponse response = api.call(method, "/proxies");
    CHECK(response.status == 405);
    CHECK(response.body.empty());
    CHECK(response.headers.empty());
  }
  for (const std::string method : {"GET", "POST"}) {
    const HttpResponse response = api.call(method, "//proxies/./x/../a?q=1");
    CHECK(response.status == 301);
    CHECK(header(response, "Location") == "/proxies/a?q=1");
    CHECK(response.body.empty());
  }
  CHECK(api.call("GET", "/proxies/%zz").status == 400);
  CHECK(api.body_of("http://localhost:8474/proxies/a") == kProxyA);
}

TEST_CASE("B11: any name can be created, read, changed and deleted", "[control_api]") {
  ApiFixture api;
  const std::vector<std::pair<std::string, std::string>> names = {
      {"a/b", "a%2Fb"},   {"host:80@x", "host:80@x"}, {"..", "%2e%2e"}, {"%", "%25"},
      {"a b+", "a%20b+"}, {"\u00e9", "%C3%A9"},       {"?#", "%3F%23"}, {"{proxy}", "{proxy}"}};
  for (const auto& [name, path] : names) {
    INFO(name);
    const std::string body = R"({"name":")" + name + R"(","upstream":"x:1","enabled":false})";
    REQUIRE(api.call("POST", "/proxies", body).status == 201);
    CHECK(api.call("POST", "/proxies/" + path, "{}").status == 200);
    CHECK(api.call("POST", "/proxies/" + path + "/toxics",
                   R"({"type":"noop","name":")" + name + R"("})")
              .status == 200);
    CHECK(api.call("DELETE", "/proxies/" + path + "/toxics/" + path).status == 204);
    CHECK(api.call("DELETE", "/proxies/" + path).status == 204);
  }
}

TEST_CASE("K15, B13: browsers, foreign hosts and web pages are refused", "[control_api]") {
  WithProxy api;
  const HttpResponse browser =
      api.call("GET", "/proxies", "", {{"User-Agent", "Mozilla/5.0"}, {"Host", "evil.example"}});
  CHECK(browser.status == 403);
  CHECK(browser.body == "User agent not allowed\n");
  CHECK(header(browser, "X-Toxiproxy-Request-Id") != "(none)");
  CHECK(api.call("GET", "/proxies", "", {{"User-Agent", "mozilla/5.0"}}).status == 200);
  CHECK(api.call("GET", "/proxies", "", {{"User-Agent", "x Mozilla/5.0"}}).status == 200);
  CHECK(api.call("GET", "/x", "", {{"User-Agent", "Mozilla/5.0"}}).status == 404);
  CHECK(api.call("OPTIONS", "/proxies", "", {{"User-Agent", "Mozilla/5.0"}}).status == 405);

  for (const HttpHeaders& headers : {HttpHeaders{{"Host", "evil.example:8474"}},
                                     HttpHeaders{{"Host", "localhost"}, {"Origin", "http://x"}}}) {
    const HttpResponse response = api.call("DELETE", "/proxies/a", "", headers);
    CHECK(response.status == 403);
    CHECK(response.body.find("{\"error\":\"") == 0);
    CHECK(response.body.find("--allow-") != std::string::npos);
  }
  CHECK(api.call("GET", "http://evil.example/proxies", "", {{"Host", "localhost"}}).status == 403);
  CHECK(api.call("GET", "/proxies/a").status == 200);
}

TEST_CASE("request ids are 20 characters, each its own", "[control_api]") {
  ApiFixture api;
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = header(api.call("GET", "/version"), "X-Toxiproxy-Request-Id");
    CHECK(std::regex_match(id, std::regex("[0-9a-v]{20}")));
    ids.insert(id);
  }
  CHECK(ids.size() == 100);
}

TEST_CASE("a host name to listen on is asked for, then used", "[control_api]") {
  ApiFixture api;
  HttpRequest request;
  request.method = "POST";
  request.body = R"({"name":"a","listen":"db.example:0","upstream":"x:1"})";
  for (const std::string target : {"/proxies", "/populate"}) {
    INFO(target);
    request.target = target;
    if (target == "/populate") request.body = "[" + request.body + "]";
    const auto asks = api.api.handle(request, {});
    REQUIRE_FALSE(asks);
    CHECK(asks.error().kind == ErrorKind::kNeedsLookup);
    CHECK(asks.error().message == "db.example");

    Names names;
    names.emplace("db.example", fail(ErrorKind::kNetwork, "lookup db.example: no such host"));
    const auto unknown = api.api.handle(request, names);
    REQUIRE(unknown);
    CHECK(unknown->status == 500);
    CHECK(unknown->body.find(
              R"({"error":"listen tcp: lookup db.example: no such host","status":500)") == 0);
    CHECK(api.body_of("/proxies") == "{}");

    names.clear();
    names.emplace("db.example", *addresses_of({.host = "127.0.0.1"}, {}));
    const auto made = api.api.handle(request, names);
    REQUIRE(made);
    CHECK(made->status == 201);
    CHECK(made->body.find(R"("listen":"127.0.0.1:)") != std::string::npos);
    CHECK(api.call("DELETE", "/proxies/a").status == 204);
  }
}

TEST_CASE("health is about the process; readiness ends when it drains", "[control_api]") {
  ApiFixture api;
  CHECK(api.call("GET", "/healthz").status == 200);
  CHECK(api.call("GET", "/readyz").status == 200);
  api.api.start_draining();
  CHECK(api.call("GET", "/healthz").status == 200);
  CHECK(api.call("GET", "/readyz").status == 503);
}

TEST_CASE("while it drains nothing begins, and what there is can be removed", "[control_api]") {
  ApiFixture api;
  const std::string proxy =
      R"({"name":"p","listen":"127.0.0.1:1","upstream":"u:9","enabled":false})";
  REQUIRE(api.call("POST", "/proxies", proxy).status == 201);
  api.api.start_draining();
  const std::string toxic = R"({"type":"latency"})";
  const std::string wait = R"({"timeline":{"steps":[{"wait":"1m"}]}})";
  const std::vector<std::array<std::string, 3>> calls = {
      {"POST", "/proxies", R"({"name":"q","upstream":"u:9","enabled":false})"},
      {"POST", "/proxies/p", R"({"enabled":true})"},
      {"POST", "/proxies/p/toxics", toxic},
      {"POST", "/populate", "[" + proxy + "]"},
      {"POST", "/reset", ""},
      {"POST", "/v1/proxies/p/toxics", toxic},
      {"PATCH", "/v1/proxies/p", R"({"enabled":true})"},
      {"PUT", "/v1/zones", R"({"zones":{}})"},
      {"POST", "/v1/leases", R"({"ttl":"1m"})"},
      {"POST", "/v1/runs", wait},
      {"POST", "/v1/runs?dry_run=true", wait}};
  for (const auto& [method, path, body] : calls) {
    INFO(method << " " << path);
    const HttpResponse refused = api.call(method, path, body);
    CHECK(refused.status == 503);
    CHECK(refused.body.find("the server stops") != std::string::npos);
    if (path.starts_with("/v1/")) {
      CHECK(refused.body.find(R"("code":"draining")") != std::string::npos);
    }
  }
  CHECK(api.call("GET", "/v1/runs").status == 200);
  CHECK(api.call("POST", "/v1/halt", R"({"reason":"enough"})").status == 200);
  CHECK(api.call("DELETE", "/v1/halt").status == 204);
  CHECK(api.call("DELETE", "/v1/proxies/p").status == 204);
}

}  // namespace
}  // namespace faultline
