// /populate and /reset.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

std::string entry(const std::string& name, const std::string& listen, const std::string& upstream,
                  const std::string& more = "") {
  return R"({"name":")" + name + R"(","listen":")" + listen + R"(","upstream":")" + upstream +
         R"(")" + more + "}";
}

}  // namespace

TEST_CASE("populate answers 201 with nothing but the proxies", "[populate]") {
  World world;
  for (const std::string none : {"[]", "null"}) {
    const Reply empty = world.api.post("/populate", none);
    CHECK(empty.status == 201);
    CHECK(empty.header("Content-Type") == "application/json");
    CHECK(empty.body == R"({"proxies":[]})");
  }
  const Reply reply = world.api.post(
      "/populate",
      "[" + entry("b", "127.0.0.1:0", "u:1") + "," + entry("a", "x", "u:2", R"(,"enabled":false)") +
          "," +
          entry("c", "127.0.0.1:0", "u:3", R"(,"enabled":null,"toxics":[{"type":"latency"}])") +
          "]");
  CHECK(reply.status == 201);
  const Json body = Json::parse(reply.body);
  CHECK(body.size() == 1);
  REQUIRE(body["proxies"].size() == 3);
  CHECK(body["proxies"][0]["name"] == "b");
  CHECK(body["proxies"][0]["enabled"] == true);
  CHECK(body["proxies"][1]["enabled"] == false);
  CHECK(body["proxies"][2]["enabled"] == true);
  CHECK(body["proxies"][2]["toxics"].size() == 1);
  CHECK(Json::parse(world.api.get("/proxies").body).size() == 3);
}

TEST_CASE("the first bad entry is named, and nothing is created", "[populate]") {
  World world;
  const Reply unnamed = world.api.post(
      "/populate", "[" + entry("a", "127.0.0.1:0", "u:1") + R"(,{"upstream":"u:1"}])");
  CHECK(unnamed.status == 400);
  CHECK(unnamed.header("Content-Type") == "application/json");
  CHECK(Json::parse(unnamed.body)["error"] == "missing required field: name at proxy 2");
  CHECK(Json::parse(unnamed.body)["status"] == 400);
  const Reply no_upstream = world.api.post("/populate", R"([{"name":"a"}])");
  CHECK(Json::parse(no_upstream.body)["error"] == "missing required field: upstream at proxy 1");
  CHECK(world.api.get("/proxies").body == "{}");
}

TEST_CASE("K11 K13: populate keeps what is unchanged, toxics, connections and `enabled`",
          "[populate]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("a", upstream.address(), R"({"type":"noop"})");
  const std::string other = world.add_proxy("other", "u:1");
  const Socket open = Socket::connect(listen);
  CHECK(round_trip(open, "1") == "1");
  const std::string before = world.api.get("/proxies/a").body;
  const std::string same = entry("a", listen, upstream.address(), R"(,"enabled":false)");
  const Reply reply = world.api.post("/populate", "[" + same + "]");
  CHECK(reply.status == 201);
  CHECK(reply.body == R"({"proxies":[)" + before + "]}");
  CHECK(round_trip(open, "2") == "2");
  CHECK(world.api.get("/proxies/other").status == 200);
}

TEST_CASE("B10: populating twice by host name keeps the open connection", "[populate]") {
  World world;
  const Server upstream(echo());
  const std::string port = [] {
    const std::string free = Socket::listen("127.0.0.1:0").local_address();
    return free.substr(free.rfind(':') + 1);
  }();
  const std::string body = "[" + entry("a", "localhost:" + port, upstream.address()) + "]";
  REQUIRE(world.api.post("/populate", body).status == 201);
  const Socket open = Socket::connect("127.0.0.1:" + port);
  CHECK(round_trip(open, "1") == "1");
  REQUIRE(world.api.post("/populate", body).status == 201);
  CHECK(round_trip(open, "2") == "2");
}

TEST_CASE("a proxy that differs is replaced, and its toxics are lost", "[populate]") {
  World world;
  const Server first(say("first"));
  const Server second(say("second"));
  const std::string listen = world.add_proxy("a", first.address(), R"({"type":"noop"})");
  const Socket open = Socket::connect(listen);
  const Reply reply = world.api.post("/populate", "[" + entry("a", listen, second.address()) + "]");
  CHECK(reply.status == 201);
  CHECK(Json::parse(reply.body)["proxies"][0]["toxics"].empty());
  CHECK(open.receive_all(bound(milliseconds(500))).ending != Ending::kOpen);
  CHECK(Socket::connect(listen).receive(6) == "second");
}

TEST_CASE("B8 F5: populate does all or nothing", "[populate]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("old", upstream.address(), R"({"type":"noop"})");
  const Socket open = Socket::connect(listen);
  CHECK(round_trip(open, "1") == "1");
  const std::string before = world.api.get("/proxies").body;
  const std::size_t files = world.server.open_files();
  const Socket taken = Socket::listen("127.0.0.1:0");
  for (const std::string& last :
       {entry("busy", taken.local_address(), "u:1"),
        entry("old", taken.local_address(), upstream.address()), entry("bad", "garbage", "u:1")}) {
    const Reply reply = world.api.post(
        "/populate", "[" + entry("new", "127.0.0.1:0", "u:1") + "," +
                         entry("old", "127.0.0.1:0", upstream.address()) + "," + last + "]");
    INFO(last << " -> " << reply.body);
    CHECK(reply.status == 500);
    CHECK(reply.header("Content-Type") == "application/json");
    CHECK(Json::parse(reply.body)["proxies"].empty());
    CHECK(Json::parse(reply.body)["proxies"].is_array());
    CHECK(world.api.get("/proxies").body == before);
    CHECK(round_trip(open, "2") == "2");
  }
  CHECK(eventually([&] { return world.server.open_files() == files; }));
}

TEST_CASE("two proxies can swap their addresses in one populate", "[populate]") {
  World world;
  const Server first(say("first"));
  const Server second(say("second"));
  const std::string a = world.add_proxy("a", first.address());
  const std::string b = world.add_proxy("b", second.address());
  const Reply reply = world.api.post("/populate", "[" + entry("a", b, first.address()) + "," +
                                                      entry("b", a, second.address()) + "]");
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  CHECK(Socket::connect(b).receive(5) == "first");
  CHECK(Socket::connect(a).receive(6) == "second");
}

TEST_CASE("reset enables every proxy and removes every toxic", "[populate]") {
  World world;
  const Server upstream(echo());
  const std::string on = world.add_proxy("on", upstream.address(), R"({"type":"bandwidth"})");
  const std::string off = world.add_proxy("off", upstream.address(), R"({"type":"timeout"})");
  REQUIRE(world.api.post("/proxies/off", R"({"enabled":false})").status == 200);
  const Socket open = Socket::connect(on);
  open.send("held");
  CHECK(open.is_quiet_for(milliseconds(50)));

  const Reply reply = world.api.post("/reset", "any body");
  CHECK(reply.status == 204);
  CHECK(open.receive(4) == "held");
  CHECK(round_trip(Socket::connect(off), "x") == "x");
  for (const Json& proxy : Json::parse(world.api.get("/proxies").body)) {
    CHECK(proxy["toxics"].empty());
    CHECK(proxy["enabled"] == true);
  }
}

TEST_CASE("F5: reset goes on after a proxy that cannot be enabled", "[populate]") {
  World world;
  const Server upstream(echo());
  for (const std::string name : {"a", "b", "c"}) {
    world.add_proxy(name, upstream.address(), R"({"type":"latency"})");
  }
  const std::string busy = Json::parse(world.api.get("/proxies/b").body)["listen"];
  for (const std::string name : {"a", "b", "c"}) {
    REQUIRE(world.api.post("/proxies/" + name, R"({"enabled":false})").status == 200);
  }
  const Socket taken = Socket::listen(busy);
  const Reply reply = world.api.post("/reset");
  CHECK(reply.status == 500);
  CHECK(reply.body.find(busy) != std::string::npos);
  const Json proxies = Json::parse(world.api.get("/proxies").body);
  CHECK(proxies["a"]["enabled"] == true);
  CHECK(proxies["b"]["enabled"] == false);
  CHECK(proxies["c"]["enabled"] == true);
  for (const Json& proxy : proxies) CHECK(proxy["toxics"].empty());
}

}  // namespace faultline::test
