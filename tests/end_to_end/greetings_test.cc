// Proxies that are told where to go: SOCKS 5, CONNECT and PROXY headers, with a real curl.

#include <algorithm>
#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/server.h"
#include "tests/support/server_process.h"
#include "tests/support/temp_dir.h"

namespace faultline::test {
namespace {

using namespace std::literals;
using nlohmann::json;

/// A web server that remembers what it was sent.
class Site {
 public:
  const std::string& address() const { return server_.address(); }
  std::string port() const { return port_of(address()); }
  std::string last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  Then serve(const Socket& socket) {
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
      const Received more = socket.receive_some(4096);
      if (more.bytes.empty()) return Then::kClose;
      request += more.bytes;
    }
    {
      const std::lock_guard lock(mutex_);
      last_ = request;
    }
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    return Then::kFinish;
  }

  std::mutex mutex_;
  std::string last_;
  Server server_{[this](const Socket& socket) { return serve(socket); }};
};

/// A server with a proxy `p`, made by /v1 of the inside of its JSON.
struct GreetingWorld : World {
  explicit GreetingWorld(const std::string& proxy) {
    listen = make(R"({"name":"p",)" + proxy + "}")["listen"];
  }
  json make(const std::string& body) {
    const Reply reply = api.post("/v1/proxies", body);
    INFO(body << " -> " << reply.body);
    REQUIRE(reply.status == 201);
    return json::parse(reply.body);
  }
  json connections() { return json::parse(api.get("/v1/connections").body)["connections"]; }

  std::string listen;
};

Outcome curl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "20", "--noproxy", ""});
  return run("/usr/bin/env", {.arguments = std::move(arguments)});
}

/// What curl has got, or what it says.
std::string got(std::vector<std::string> arguments) {
  const Outcome outcome = curl(std::move(arguments));
  return outcome.status == 0 ? outcome.out : outcome.err;
}

std::string nobodys_address() {
  return Socket::listen("127.0.0.1:0").local_address();
}

}  // namespace

TEST_CASE("curl goes through SOCKS 5, by address and by name", "[greetings][socks5]") {
  GreetingWorld world(R"("protocol":"socks5")");
  Site site;
  const std::string by_name = "http://localhost:" + site.port() + "/";
  CHECK(got({"--socks5", world.listen, "http://" + site.address() + "/"}) == "hello");
  CHECK(got({"--socks5", world.listen, by_name}) == "hello");
  CHECK(got({"--socks5-hostname", world.listen, by_name}) == "hello");
  CHECK(got({"--socks5", world.listen, "--proxy-user", "alice:secret", by_name}) == "hello");
  CHECK(site.last().find("Host: localhost:" + site.port()) != std::string::npos);
  const Outcome refused = curl({"--socks5", world.listen, "http://" + nobodys_address() + "/"});
  CHECK(refused.status == 97);
  CHECK(refused.err.find("(5)") != std::string::npos);
  const Outcome unknown = curl({"--socks5-hostname", world.listen, "http://nowhere.invalid/"});
  CHECK(unknown.status == 97);
  CHECK(unknown.err.find("(4)") != std::string::npos);
  CHECK(world.metric(R"(faultline_connection_errors_total{proxy="p",reason="dial"})") == 2);
}

TEST_CASE("SOCKS 5 reaches IPv6 addresses", "[greetings][socks5]") {
  GreetingWorld world(R"("protocol":"socks5")");
  const Server six(echo(), "[::1]:0");
  const auto port = static_cast<unsigned>(std::stoi(port_of(six.address())));
  const Socket client = Socket::connect(world.listen);
  client.send("\5\1\0\5\1\0\4"s + std::string(15, '\0') + "\1" + static_cast<char>(port >> 8U) +
              static_cast<char>(port & 0xFFU) + "x");
  CHECK(client.receive(2 + 22 + 1).back() == 'x');
  CHECK(world.connections()[0]["destination"] == six.address());
}

TEST_CASE("curl goes through CONNECT", "[greetings][connect]") {
  GreetingWorld world(R"("protocol":"connect")");
  Site site;
  const std::string by_name = "http://localhost:" + site.port() + "/";
  const std::string proxy = "http://" + world.listen;
  CHECK(got({"--proxytunnel", "-x", proxy, "http://" + site.address() + "/"}) == "hello");
  CHECK(got({"--proxytunnel", "-x", proxy, "--proxy-user", "alice:secret", by_name}) == "hello");
  CHECK(site.last().find("Proxy-Authorization") == std::string::npos);
  const auto status_of = [&](const std::string& url, bool tunnels) {
    std::vector<std::string> arguments = {
        "-x", proxy, "-o", "/dev/null", "-w", "%{http_connect} %{http_code}", url};
    if (tunnels) arguments.insert(arguments.begin(), "--proxytunnel");
    return curl(arguments).out;
  };
  CHECK(status_of("http://" + nobodys_address() + "/", true) == "502 000");
  CHECK(status_of("http://nowhere.invalid/", true) == "502 000");
  CHECK(status_of(by_name, false) == "000 405");
}

TEST_CASE("a PROXY header says who the client is, and goes no further", "[greetings][proxy]") {
  Site site;
  GreetingWorld world(R"("accept_proxy_protocol":true,"upstream":")" + site.address() + "\"");
  CHECK(got({"--haproxy-protocol", "http://" + world.listen + "/"}) == "hello");
  CHECK(site.last().starts_with("GET / HTTP/1.1\r\n"));
  const Outcome without = curl({"http://" + world.listen + "/"});
  CHECK(without.status == 52);  // An empty reply.
  CHECK(world.metric(R"(faultline_connection_errors_total{proxy="p",reason="greeting"})") == 1);

  const Socket client = Socket::connect(world.listen);
  client.send("PROXY TCP4 10.1.2.3 10.9.9.9 4000 80\r\nGET");
  REQUIRE(eventually([&] {
    const json all = world.connections();
    return all.size() == 1 && all[0]["state"] == "open";
  }));
  const json shown = world.connections()[0];
  CHECK(shown["client"] == "10.1.2.3:4000");
  CHECK(shown["destination"] == site.address());
  CHECK(shown["upstream_bytes"]["received"] == 3);
  CHECK(
      json::parse(world.api.get("/v1/connections?client=10.1.0.0/16").body)["connections"].size() ==
      1);
}

TEST_CASE("two proxies in a row pass on who the client is", "[greetings][proxy]") {
  Site site;
  for (const std::string version : {"v1", "v2"}) {
    GreetingWorld world(R"("protocol":"socks5","accept_proxy_protocol":true)");
    const json first = world.make(R"({"name":"first","send_proxy_protocol":")" + version +
                                  R"(","upstream":")" + world.listen + "\"}");
    CHECK(got({"--socks5", first["listen"], "http://" + site.address() + "/"}) == "hello");
    const Socket client = Socket::connect(first["listen"]);
    client.send("\5\1\0"s);
    CHECK(client.receive(2) == "\5\0"s);
    const auto all_are_its = [&] {
      const json all = world.connections();
      return all.size() == 2 && std::all_of(all.begin(), all.end(), [&](const json& one) {
               return one["client"] == client.local_address();
             });
    };
    CHECK(eventually(all_are_its));
  }
}

TEST_CASE("a toxic is for some of the destinations of a SOCKS 5 proxy", "[greetings][socks5]") {
  Site site;
  GreetingWorld world(R"("protocol":"socks5","toxics":[{"type":"limit_data",
      "attributes":{"bytes":0},"match":{"destination":"localhost:)" +
                      site.port() + "\"}}]");
  const std::string by_name = "http://localhost:" + site.port() + "/";
  CHECK(got({"--socks5", world.listen, "http://" + site.address() + "/"}) == "hello");
  CHECK(curl({"--socks5-hostname", world.listen, by_name}).status == 52);
}

TEST_CASE("what a proxy speaks is kept by the configuration and by the state", "[greetings]") {
  const TempDir dir;
  const std::string proxy =
      R"({"name":"p","listen":"127.0.0.1:0","protocol":"socks5","accept_proxy_protocol":true,
          "send_proxy_protocol":"v2","toxics":[{"type":"stall","ttl":"1h",
          "match":
          {"destinations":["10.2.0.0/16:5432","[fd00::/8]:5432","*.cache.internal","db1"]}}]})";
  json shown;
  std::string config;
  {
    World world({.arguments = {"--state-dir", dir.file("state")}});
    REQUIRE(world.api.post("/v1/proxies", proxy).status == 201);
    shown = json::parse(world.api.get("/v1/proxies/p").body);
    CHECK(shown["upstream"] == "");
    CHECK(shown["protocol"] == "socks5");
    CHECK(shown["accept_proxy_protocol"] == true);
    CHECK(shown["send_proxy_protocol"] == "v2");
    CHECK(shown["toxics"][0]["match"]["destinations"][1] == "[fd00::/8]:5432");
    CHECK(world.api.get("/proxies").body.find("protocol") == std::string::npos);
    config = world.api.get("/v1/config").body;
    // What it shows may be said again.
    const std::string again = json(shown).dump();
    CHECK(world.api.request("PUT", "/v1/proxies/p", again).status == 200);
    CHECK(world.api.patch("/v1/proxies/p", R"({"upstream":"a:1"})").status == 422);
    CHECK(eventually([&] {
      return read_file(dir.file("state/state.json")).find("cache.internal") != std::string::npos;
    }));
  }
  const auto is_same = [&](World& world) {
    json now = json::parse(world.api.get("/v1/proxies/p").body);
    for (json* one : {&now, &shown}) {
      (*one)["toxics"][0].erase("ttl");
      (*one)["toxics"][0].erase("ends_at");
    }
    CHECK(now == shown);
  };
  {
    World world({.arguments = {"--state-dir", dir.file("state"), "--restore"}});
    is_same(world);
  }
  const std::string file = dir.write("faultline.yaml", config);
  World world({.arguments = {"--config", file}});
  is_same(world);
}

}  // namespace faultline::test
