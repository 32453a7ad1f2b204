// What the control API does with HTTP itself, whatever is asked of it.

#include <catch2/catch.hpp>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

const std::string kJson = "application/json";
const std::string kText = "text/plain; charset=utf-8";

std::string with_host(const World& world, const std::string& start, const std::string& rest = "") {
  return start + " HTTP/1.1\r\nHost: " + world.server.address() + "\r\n" + rest + "\r\n";
}

}  // namespace

TEST_CASE("paths: what is known, unknown, cleaned and broken", "[api_transport]") {
  World world;
  world.add_proxy("a", "127.0.0.1:9");
  struct Row {
    std::string method;
    std::string path;
    int status;
    std::string body;
    std::string type;
  };
  const std::string missing = "404 page not found\n";
  const std::string none = "(none)";
  const std::vector<Row> rows = {
      {"GET", "/", 404, missing, kText},
      {"GET", "/nothing", 404, missing, kText},
      {"GET", "/proxies/", 404, missing, kText},
      {"GET", "/proxies/a/", 404, missing, kText},
      {"GET", "/proxies/a/toxics/", 404, missing, kText},
      {"GET", "/proxies/a/toxics/b/c", 404, missing, kText},
      {"GET", "/Proxies", 404, missing, kText},
      {"GET", "/toxics", 404, missing, kText},
      {"GET", "/proxies/a/upstream/toxics", 404, missing, kText},
      {"HEAD", "/proxies", 405, "", none},
      {"OPTIONS", "/proxies", 405, "", none},
      {"PUT", "/proxies", 405, "", none},
      {"PUT", "/proxies/a", 405, "", none},
      {"DELETE", "/proxies", 405, "", none},
      {"GET", "/populate", 405, "", none},
      {"GET", "/reset", 405, "", none},
      {"POST", "/version", 405, "", none},
      {"PUT", "/proxies/a/toxics/b", 405, "", none},
      {"GET", "/proxies//a", 301, "", none},
      {"POST", "//proxies", 301, "", none},
      {"GET", "/proxies/./a", 301, "", none},
      {"GET", "/x/../proxies", 301, "", none},
      {"GET", "/proxies?x=1&name=b", 200, "", kJson},
      {"GET", "/proxies/%61", 200, "", kJson},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    const Reply reply = world.api.request(row.method, row.path, "");
    REQUIRE(reply.status == row.status);
    if (row.status != 200) REQUIRE(reply.body == row.body);
    if (row.type != none) REQUIRE(reply.header("Content-Type") == row.type);
    REQUIRE(reply.header("Allow") == none);
    if (row.status == 405) REQUIRE(reply.header("Content-Length") == "0");
  }
  CHECK(world.api.get("/proxies//a").header("Location") == "/proxies/a");
  CHECK(world.api.get("/x/../proxies").header("Location") == "/proxies");
  CHECK(world.api.get("/proxies/%zz").status == 400);
}

TEST_CASE("every matched route has a request id, and no other", "[api_transport]") {
  World world;
  const std::regex id("[0-9a-v]{20}");
  const auto id_of = [&](const Reply& reply) { return reply.header("X-Toxiproxy-Request-Id"); };
  CHECK(std::regex_match(id_of(world.api.get("/version")), id));
  CHECK(std::regex_match(id_of(world.api.get("/proxies/none")), id));
  CHECK(std::regex_match(id_of(world.api.post("/proxies", "{")), id));
  CHECK(std::regex_match(id_of(world.api.post("/reset")), id));
  CHECK(std::regex_match(
      id_of(world.api.request("GET", "/proxies", "", {{"User-Agent", "Mozilla/5.0"}})), id));
  CHECK(id_of(world.api.get("/proxies")) != id_of(world.api.get("/proxies")));
  CHECK(id_of(world.api.get("/nothing")) == "(none)");
  CHECK(id_of(world.api.request("PUT", "/proxies", "")) == "(none)");
  CHECK(id_of(world.api.get("//proxies")) == "(none)");
}

TEST_CASE("K15: browsers are refused on matched routes, and there is no CORS", "[api_transport]") {
  World world;
  const auto as = [&](const std::string& agent, const std::string& path) {
    return world.api.request("GET", path, "", {{"User-Agent", agent}});
  };
  const Reply refused = as("Mozilla/5.0 (X11)", "/proxies");
  CHECK(refused.status == 403);
  CHECK(refused.body == "User agent not allowed\n");
  CHECK(refused.header("Content-Type") == kText);
  CHECK(as("Mozilla/5.0", "/metrics").status == 403);
  CHECK(as("Mozilla/5.0", "/nothing").status == 404);
  CHECK(as("mozilla/5.0", "/proxies").status == 200);
  CHECK(as("Mozilla", "/proxies").status == 200);
  CHECK(as("x Mozilla/5.0", "/proxies").status == 200);
  CHECK(world.api.request("PUT", "/proxies", "", {{"User-Agent", "Mozilla/5.0"}}).status == 405);
  for (const auto& [key, value] : world.api.get("/proxies").headers) {
    CHECK(key.find("Access-Control") == std::string::npos);
  }
}

TEST_CASE("B13: a foreign Host or any Origin is refused, local names are not", "[api_transport]") {
  World world;
  const std::string port = world.server.address().substr(world.server.address().rfind(':'));
  const auto with = [&](const std::string& key, const std::string& value) {
    return world.api.request("GET", "/proxies", "", {{key, value}}).status;
  };
  CHECK(with("Host", "attacker.example") == 403);
  CHECK(with("Host", "attacker.example" + port) == 403);
  CHECK(with("Host", "127.0.0.1.attacker.example") == 403);
  CHECK(with("Origin", "http://attacker.example") == 403);
  CHECK(with("Origin", "null") == 403);
  CHECK(with("Origin", "http://localhost" + port) == 403);
  for (const std::string host : {"localhost", "127.0.0.1", "10.1.2.3", "[::1]", "toxiproxy"}) {
    INFO(host);
    CHECK(with("Host", host) == 200);
    CHECK(with("Host", host + port) == 200);
  }
  const Reply reply = world.api.request("POST", "/reset", "", {{"Host", "attacker.example"}});
  CHECK(reply.status == 403);
}

TEST_CASE("the ways HTTP may be spoken", "[api_transport]") {
  World world;
  const auto raw = [&](const std::string& text) { return world.api.raw(text); };

  SECTION("HTTP/1.1 without Host is refused") {
    CHECK(raw("GET /version HTTP/1.1\r\n\r\n").status == 400);
  }
  SECTION("HTTP/1.0 needs none, and its connection is closed") {
    HttpConnection connection(world.server.address());
    connection.send("GET /version HTTP/1.0\r\n\r\n");
    CHECK(connection.read_reply().status == 200);
    CHECK(connection.socket().receive_all().ending == Ending::kFinish);
  }
  SECTION("connections are kept alive") {
    HttpConnection connection(world.server.address());
    for (int i = 0; i < 3; ++i) {
      connection.send(with_host(world, "GET /version"));
      REQUIRE(connection.read_reply().status == 200);
    }
  }
  SECTION("Connection: close closes") {
    HttpConnection connection(world.server.address());
    connection.send(with_host(world, "GET /version", "Connection: close\r\n"));
    CHECK(connection.read_reply().status == 200);
    CHECK(connection.socket().receive_all().ending == Ending::kFinish);
  }
  SECTION("requests may be pipelined, and are answered in order") {
    HttpConnection connection(world.server.address());
    connection.send(with_host(world, "GET /version") + with_host(world, "GET /nothing") +
                    with_host(world, "GET /proxies"));
    CHECK(connection.read_reply().status == 200);
    CHECK(connection.read_reply().status == 404);
    CHECK(connection.read_reply().body == "{}");
  }
  SECTION("bodies may be chunked, cut anywhere") {
    HttpConnection connection(world.server.address());
    const std::string body = R"({"name":"chunked","upstream":"127.0.0.1:9"})";
    connection.send(with_host(world, "POST /proxies", "Transfer-Encoding: chunked\r\n"));
    for (const char byte : body) connection.send("1\r\n" + std::string(1, byte) + "\r\n");
    connection.send("0\r\n\r\n");
    CHECK(connection.read_reply().status == 201);
  }
  SECTION("Expect: 100-continue is answered") {
    HttpConnection connection(world.server.address());
    const std::string body = R"({"name":"late","upstream":"127.0.0.1:9"})";
    const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    connection.send(with_host(world, "POST /proxies", length + "Expect: 100-continue\r\n"));
    CHECK(connection.read_reply().status == 100);
    connection.send(body);
    CHECK(connection.read_reply().status == 201);
  }
  SECTION("the target may be absolute") {
    const std::string target = "http://" + world.server.address() + "/version";
    CHECK(raw(with_host(world, "GET " + target)).status == 200);
  }
  SECTION("the content type is ignored") {
    for (const std::string type : {"application/x-www-form-urlencoded", "text/plain", "???"}) {
      const Reply reply = world.api.request("POST", "/populate", "[]", {{"Content-Type", type}});
      CHECK(reply.status == 201);
    }
  }
  SECTION("what is no HTTP is refused, and the server lives on") {
    CHECK(raw("nonsense\r\n\r\n").status == 400);
    CHECK(raw("GET /version HTTP/9.9\r\n\r\n").status >= 400);
    const std::string header = "X: " + std::string(1 << 20U, 'x') + "\r\n";
    HttpConnection big(world.server.address());
    try {
      big.send(with_host(world, "GET /version", header));
      CHECK(big.read_reply().status == 431);
    } catch (const std::runtime_error&) {
      // The server may close before it has read what it will not take.
    }
    CHECK(world.api.get("/version").status == 200);
  }
  SECTION("a body beyond the limit is refused before it is sent") {
    HttpConnection connection(world.server.address());
    connection.send(with_host(world, "POST /populate", "Content-Length: 9999999999\r\n"));
    CHECK(connection.read_reply().status == 413);
  }
  SECTION("connecting and closing without a word is harmless") {
    for (int i = 0; i < 50; ++i) Socket::connect(world.server.address());
    for (int i = 0; i < 50; ++i) Socket::connect(world.server.address()).reset();
    CHECK(world.api.get("/version").status == 200);
  }
}

TEST_CASE("K2 K3: success is application/json without newline, an error text/plain with one",
          "[api_transport]") {
  World world;
  const Reply list = world.api.get("/proxies");
  CHECK(list.body == "{}");
  CHECK(list.header("Content-Type") == kJson);
  CHECK(list.header("Content-Length") == "2");

  const Reply error = world.api.get("/proxies/none");
  CHECK(error.status == 404);
  CHECK(error.body == "{\"error\":\"proxy not found\",\"status\":404}\n");
  CHECK(error.header("Content-Type") == kText);
  CHECK(error.header("X-Content-Type-Options") == "nosniff");

  const Reply nothing = world.api.post("/reset");
  CHECK(nothing.status == 204);
  CHECK(nothing.body.empty());
  CHECK(nothing.header("Content-Type") == "(none)");
}

TEST_CASE("the version is Toxiproxy's, with our own beside it", "[api_transport]") {
  World world;
  const Reply reply = world.api.get("/version");
  CHECK(reply.header("Content-Type") == "application/json;charset=utf-8");
  CHECK(std::regex_match(reply.body,
                         std::regex(R"re(\{"version": "2\.12\.0", "faultline": "[^"]+"\}\n)re")));
}

}  // namespace faultline::test
