// The endpoints of proxies, and what starting, changing and stopping one means.

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

/// An address that nobody listens on any more.
std::string free_address() {
  return Socket::listen("127.0.0.1:0").local_address();
}

std::string listen_of(World& world, const std::string& proxy) {
  return Json::parse(world.api.get("/proxies/" + proxy).body)["listen"];
}

}  // namespace

TEST_CASE("K1: a proxy is created with 201 and its whole self", "[api_proxies]") {
  World world;
  const std::string listen = free_address();
  const std::string body = R"({"name":"a","listen":")" + listen + R"(","upstream":"127.0.0.1:9"})";
  const Reply created = world.api.post("/proxies", body);
  CHECK(created.status == 201);
  CHECK(created.header("Content-Type") == "application/json");
  const std::string expected = R"({"name":"a","listen":")" + listen +
                               R"(","upstream":"127.0.0.1:9","enabled":true,"toxics":[]})";
  CHECK(created.body == expected);
  CHECK(world.api.get("/proxies/a").body == expected);
  CHECK(world.api.get("/proxies").body == R"({"a":)" + expected + "}");

  const Reply again = world.api.post("/proxies", body);
  CHECK(again.status == 409);
  CHECK(again.body == error_body("proxy already exists", 409));

  const Reply deleted = world.api.request("DELETE", "/proxies/a", "any body");
  CHECK(deleted.status == 204);
  CHECK(world.api.remove("/proxies/a").body == error_body("proxy not found", 404));
  CHECK(Socket::try_connect(listen).second == ECONNREFUSED);
}

TEST_CASE("what a proxy needs is asked for in order", "[api_proxies]") {
  World world;
  CHECK(world.api.post("/proxies", "{}").body == error_body("missing required field: name", 400));
  CHECK(world.api.post("/proxies", R"({"name":"","upstream":"u:1"})").body ==
        error_body("missing required field: name", 400));
  CHECK(world.api.post("/proxies", R"({"name":"a"})").body ==
        error_body("missing required field: upstream", 400));
  CHECK(world.api.post("/proxies", R"({"name":"a","upstream":""})").status == 400);
}

TEST_CASE("K8: proxies are listed in order of name", "[api_proxies]") {
  World world;
  for (const std::string name : {"b", "a", "Z", "a:1", "10"}) world.add_proxy(name, "u:1");
  const std::string list = world.api.get("/proxies").body;
  std::string::size_type last = 0;
  for (const std::string name : {"10", "Z", "a", "a:1", "b"}) {
    const auto at = list.find(R"(")" + name + R"(":{"name":")" + name + R"(")");
    INFO(name);
    REQUIRE(at != std::string::npos);
    REQUIRE(at >= last);
    last = at;
  }
}

TEST_CASE("K14: `listen` is the resolved address once bound", "[api_proxies]") {
  World world;
  const auto bound = [&](const std::string& listen) {
    const Reply reply =
        world.api.post("/proxies", R"({"name":"p","upstream":"u:1","listen":")" + listen + R"("})");
    INFO(listen << ": " << reply.body);
    REQUIRE(reply.status == 201);
    REQUIRE(world.api.remove("/proxies/p").status == 204);
    return Json::parse(reply.body)["listen"].get<std::string>();
  };
  const auto starts_with = [](const std::string& text, const std::string& start) {
    return text.rfind(start, 0) == 0 && port_of(text) != "0";
  };
  const std::string port = port_of(free_address());
  CHECK(bound("localhost:" + port) == "127.0.0.1:" + port);
  CHECK(bound("127.0.0.1:" + port) == "127.0.0.1:" + port);
  CHECK(bound("[::1]:" + port) == "[::1]:" + port);
  CHECK(bound(":" + port) == "[::]:" + port);
  CHECK(bound("0.0.0.0:" + port) == "[::]:" + port);
  CHECK(bound("[::]:" + port) == "[::]:" + port);
  CHECK(starts_with(bound("localhost:0"), "127.0.0.1:"));
  CHECK(starts_with(bound(""), "[::]:"));
  CHECK(starts_with(bound(":0"), "[::]:"));
}

TEST_CASE("IPv4, IPv6 and unix sockets serve on both sides", "[api_proxies]") {
  World world;
  const TempDir dir;
  const Server v4(echo());
  const Server v6(echo(), "[::1]:0");
  const Server un(echo(), "unix:" + dir.file("upstream"));
  int number = 0;
  for (const std::string& listen :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), std::string("unix:") + dir.file("l")}) {
    for (const Server* upstream : {&v4, &v6, &un}) {
      const std::string name = "p" + std::to_string(++number);
      const Reply made =
          world.api.post("/proxies", R"({"name":")" + name + R"(","listen":")" + listen +
                                         R"(","upstream":")" + upstream->address() + R"("})");
      INFO(listen << " to " << upstream->address() << ": " << made.body);
      REQUIRE(made.status == 201);
      REQUIRE(round_trip(Socket::connect(listen_of(world, name)), "hello") == "hello");
      REQUIRE(world.api.remove("/proxies/" + name).status == 204);
    }
  }
}

TEST_CASE("an upstream by name is looked up for every connection", "[api_proxies]") {
  World world;
  const Server v4(echo());
  const Server v6(echo(), "[::1]:0");
  const std::string to_v4 = world.add_proxy("v4", "localhost:" + port_of(v4.address()));
  const std::string to_v6 = world.add_proxy("v6", "localhost:" + port_of(v6.address()));
  CHECK(round_trip(Socket::connect(to_v4), "four") == "four");
  CHECK(round_trip(Socket::connect(to_v6), "six") == "six");
}

TEST_CASE("what cannot be bound is a 500 in Toxiproxy's words, and nothing is stored",
          "[api_proxies]") {
  World world;
  const Socket taken = Socket::listen("127.0.0.1:0");
  const auto create = [&](const std::string& listen) {
    const Reply reply =
        world.api.post("/proxies", R"({"name":"p","upstream":"u:1","listen":")" + listen + R"("})");
    INFO(listen);
    CHECK(reply.status == 500);
    return reply.body;
  };
  const std::string address = taken.local_address();
  CHECK(create(address) ==
        error_body("listen tcp " + address + ": bind: address already in use", 500));
  CHECK(create("foo") == error_body("listen tcp: address foo: missing port in address", 500));
  CHECK(create("99999") == error_body("listen tcp: address 99999: missing port in address", 500));
  CHECK(create(":99999") == error_body("listen tcp: address 99999: invalid port", 500));
  CHECK(create("127.0.0.1:foo") == error_body("listen tcp: address tcp/foo: unknown port", 500));
  CHECK(create("no-such-host.invalid:0").find("no such host") != std::string::npos);
  CHECK(world.api.get("/proxies").body == "{}");
}

TEST_CASE("a proxy can be created disabled, with any text to listen on", "[api_proxies]") {
  World world;
  const Reply reply = world.api.post(
      "/proxies", R"({"name":"off","listen":"garbage","upstream":"no port","enabled":false})");
  CHECK(reply.status == 201);
  CHECK(reply.body == R"({"name":"off","listen":"garbage","upstream":"no port",)"
                      R"("enabled":false,"toxics":[]})");
}

TEST_CASE("K6: POST and PATCH both update", "[api_proxies]") {
  World world;
  const std::string listen = world.add_proxy("a", "127.0.0.1:9");
  CHECK(world.api.post("/proxies/a", R"({"enabled":false})").status == 200);
  const Reply reply = world.api.patch("/proxies/a", R"({"enabled":true,"name":"renamed"})");
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"name":"a","listen":")" + listen +
                          R"(","upstream":"127.0.0.1:9","enabled":true,"toxics":[]})");
  CHECK(world.api.get("/proxies/renamed").status == 404);
}

TEST_CASE("K11: toxics and the chosen port survive disabling", "[api_proxies]") {
  World world;
  const Server upstream(echo());
  const std::string listen =
      world.add_proxy("a", upstream.address(), R"({"type":"latency","attributes":{"latency":60}})");
  const Socket open = Socket::connect(listen);
  CHECK(round_trip(open, "x") == "x");

  REQUIRE(world.api.post("/proxies/a", R"({"enabled":false})").status == 200);
  CHECK(open.receive_all(bound(milliseconds(200))).ending == Ending::kFinish);
  CHECK(Socket::try_connect(listen).second == ECONNREFUSED);
  world.add_toxic("a", R"({"type":"noop","name":"made while disabled"})");

  const Reply enabled = world.api.post("/proxies/a", R"({"enabled":true})");
  CHECK(Json::parse(enabled.body)["listen"] == listen);
  CHECK(Json::parse(enabled.body)["toxics"].size() == 2);
  const Socket socket = Socket::connect(listen);
  CHECK(time_of([&] { round_trip(socket, "x"); }) >= milliseconds(60));
}

TEST_CASE("stopping closes both sides at once, whatever the toxics hold", "[api_proxies]") {
  World world;
  for (const std::string how : {"disable", "delete", "move"}) {
    const Server upstream(echo());
    const std::string listen =
        world.add_proxy(how, upstream.address(),
                        R"({"type":"slow_close","attributes":{"delay":60000}},)"
                        R"({"type":"latency","attributes":{"latency":60000},"stream":"upstream"})");
    const Socket client = Socket::connect(listen);
    client.send("held for a minute");
    REQUIRE(eventually([&] { return upstream.accepted() == 1; }));
    const milliseconds took = time_of([&] {
      if (how == "delete") {
        world.api.remove("/proxies/" + how);
      } else {
        world.api.post("/proxies/" + how,
                       how == "disable" ? R"({"enabled":false})" : R"({"listen":"127.0.0.1:0"})");
      }
    });
    INFO(how);
    CHECK(took < bound(milliseconds(100)));
    CHECK(client.receive_all(bound(milliseconds(200))).ending != Ending::kOpen);
    CHECK(Socket::try_connect(listen).second == ECONNREFUSED);
  }
}

TEST_CASE("an update that changes nothing keeps connections, one that does drops them",
          "[api_proxies]") {
  World world;
  const Server first(echo());
  const Server second(say("I am the second"));
  const std::string listen = world.add_proxy("a", first.address(), R"({"type":"noop"})");
  const Socket open = Socket::connect(listen);
  CHECK(round_trip(open, "one") == "one");

  const std::string same = "localhost:" + port_of(listen);
  CHECK(world.api
            .post("/proxies/a", R"({"listen":")" + same + R"(","upstream":")" + first.address() +
                                    R"(","enabled":true})")
            .status == 200);
  CHECK(round_trip(open, "two") == "two");

  const Reply moved = world.api.post("/proxies/a", R"({"upstream":")" + second.address() + R"("})");
  CHECK(Json::parse(moved.body)["listen"] == listen);
  CHECK(Json::parse(moved.body)["toxics"].size() == 1);
  CHECK(open.receive_all(bound(milliseconds(200))).ending != Ending::kOpen);
  CHECK(Socket::connect(listen).receive(15) == "I am the second");
}

TEST_CASE("F6: spellings of the wildcard are the same address, port 0 is always a new port",
          "[api_proxies]") {
  World world;
  const Server upstream(echo());
  const Reply made = world.api.post("/proxies", R"({"name":"a","listen":"0.0.0.0:0","upstream":")" +
                                                    upstream.address() + R"("})");
  const std::string port = port_of(Json::parse(made.body)["listen"]);
  const Socket open = Socket::connect("127.0.0.1:" + port);
  CHECK(round_trip(open, "x") == "x");
  for (const std::string spelling : {"0.0.0.0:", ":", "[::]:"}) {
    INFO(spelling);
    CHECK(world.api.post("/proxies/a", R"({"listen":")" + spelling + port + R"("})").status == 200);
    CHECK(round_trip(open, "y") == "y");
  }
  const Reply moved = world.api.post("/proxies/a", R"({"listen":"127.0.0.1:0"})");
  CHECK(port_of(Json::parse(moved.body)["listen"]) != port);
  const Reply again = world.api.post("/proxies/a", R"({"listen":"127.0.0.1:0"})");
  CHECK(Json::parse(again.body)["listen"] != Json::parse(moved.body)["listen"]);
}

TEST_CASE("B9 F5: a proxy moved to a busy or broken address goes on serving where it was",
          "[api_proxies]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("a", upstream.address());
  const Socket open = Socket::connect(listen);
  CHECK(round_trip(open, "before") == "before");
  const std::size_t files = world.server.open_files();
  const std::string proxy = world.api.get("/proxies/a").body;

  const Socket taken = Socket::listen("127.0.0.1:0");
  for (const std::string& to :
       {taken.local_address(), std::string("garbage"), std::string("127.0.0.1:99999")}) {
    INFO(to);
    CHECK(world.api.post("/proxies/a", R"({"listen":")" + to + R"("})").status == 500);
    CHECK(world.api.get("/proxies/a").body == proxy);
    CHECK(round_trip(open, "still here") == "still here");
    CHECK(round_trip(Socket::connect(listen), "new") == "new");
  }
  CHECK(eventually([&] { return world.server.open_files() == files; }));
}

TEST_CASE("B11 F11: any name can be created, found and deleted", "[api_proxies]") {
  World world;
  const auto escaped = [](const std::string& name) {
    std::string path;
    for (const char c : name) {
      const auto byte = static_cast<unsigned char>(c);
      path += '%';
      path += "0123456789abcdef"[byte >> 4U];
      path += "0123456789abcdef"[byte & 15U];
    }
    return path;
  };
  for (const std::string name :
       {"a/b", "/", "..", ".", "host:port@x", "a b", "a+b", "a%2Fb", "?", "#",
        "\xC3\xA9\xE2\x82\xAC", "\xF0\x9F\x98\x80", "a\nb", "toxics", "\"", "\\"}) {
    INFO(name);
    const Json body = {{"name", name}, {"upstream", "u:1"}, {"listen", "127.0.0.1:0"}};
    const std::string path = "/proxies/" + escaped(name);
    REQUIRE(world.api.post("/proxies", body.dump()).status == 201);
    const Reply found = world.api.get(path);
    REQUIRE(found.status == 200);
    REQUIRE(Json::parse(found.body)["name"] == name);
    REQUIRE(
        world.api.post(path + "/toxics", Json{{"type", "noop"}, {"name", name}}.dump()).status ==
        200);
    REQUIRE(world.api.get(path + "/toxics/" + escaped(name)).status == 200);
    REQUIRE(world.api.remove(path + "/toxics/" + escaped(name)).status == 204);
    REQUIRE(world.api.remove(path).status == 204);
  }
  world.add_proxy("host:1234", "u:1");
  CHECK(world.api.get("/proxies/host:1234").status == 200);
  world.add_proxy("a+b@c.d", "u:1");
  CHECK(world.api.get("/proxies/a+b@c.d").status == 200);
}

}  // namespace faultline::test
