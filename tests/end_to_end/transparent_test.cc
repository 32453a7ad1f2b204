// A transparent proxy behind nft's redirect and tproxy, on a network of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/own_network.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using nlohmann::json;

/// An IP address of this machine, and a port.
struct Place {
  sockaddr_storage address{};
  socklen_t length = 0;

  Place(const std::string& ip, const std::string& port) {
    const auto number = htons(static_cast<std::uint16_t>(std::stoi(port)));
    if (ip.find(':') == std::string::npos) {
      auto* in = reinterpret_cast<sockaddr_in*>(&address);
      in->sin_family = AF_INET;
      in->sin_port = number;
      inet_pton(AF_INET, ip.c_str(), &in->sin_addr);
      length = sizeof *in;
    } else {
      auto* in = reinterpret_cast<sockaddr_in6*>(&address);
      in->sin6_family = AF_INET6;
      in->sin6_port = number;
      inet_pton(AF_INET6, ip.c_str(), &in->sin6_addr);
      length = sizeof *in;
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

/// A client that is told apart from Faultline's own connections by its port.
Socket client_at(const std::string& ip) {
  const Place place(ip, "0");
  Socket client(socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(bind(client.fd(), place.get(), place.length) == 0);
  return client;
}

void connect_to(const Socket& client, const std::string& ip, const std::string& port) {
  const Place place(ip, port);
  REQUIRE(connect(client.fd(), place.get(), place.length) == 0);
}

/// Brings what comes from the port of `client` to the port of `listen`.
void redirect(const Socket& client, const std::string& listen) {
  OwnNetwork::run(
      "nft -f - <<'END'\nflush ruleset\ntable inet t {\nchain c {\n"
      "type nat hook output priority -100\ntcp sport " +
      port_of(client.local_address()) + " redirect to :" + port_of(listen) + "\n}\n}\nEND");
}

void tproxy(const Socket& client, const std::string& listen) {
  OwnNetwork::run(
      "nft -f - <<'END'\nflush ruleset\ntable ip t {\nchain c {\n"
      "type filter hook prerouting priority -150\ntcp sport " +
      port_of(client.local_address()) + " tproxy to :" + port_of(listen) + "\n}\n}\nEND");
}

/// The address that a transparent proxy listens on; `fields` are the inside of its JSON.
std::string add_transparent(World& world, const std::string& fields) {
  const Reply reply =
      world.api.post("/v1/proxies", R"({"name":"p","protocol":"transparent",)" + fields + "}");
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  return json::parse(reply.body)["listen"];
}

json only_connection(World& world) {
  json all;
  REQUIRE(eventually([&] {
    all = json::parse(world.api.get("/v1/connections").body)["connections"];
    return all.size() == 1;
  }));
  return all[0];
}

/// Networks are root's to make; `./dev test` is run as root where it has to prove itself.
bool may_make_networks() {
  if (geteuid() == 0) return true;
  WARN("not root: transparent proxies are not tested");
  return false;
}

}  // namespace

TEST_CASE("what nft redirects goes where it had been going", "[transparent]") {
  if (!may_make_networks()) return;
  const OwnNetwork network;
  for (const std::string ip : {"127.0.0.9", "::1"}) {
    const std::string host = ip == "::1" ? "[::1]" : ip;
    const Server upstream(echo(), host + ":0");
    World world;
    const std::string listen =
        add_transparent(world, R"("listen":":0","send_proxy_protocol":"v1")");
    const std::string port = port_of(upstream.address());
    const Socket client = client_at(ip == "::1" ? "::1" : "127.0.0.1");
    redirect(client, listen);
    connect_to(client, ip, port);
    client.send("hello");
    const std::string header = (ip == "::1" ? "PROXY TCP6 ::1 " : "PROXY TCP4 127.0.0.1 ") + ip +
                               " " + port_of(client.local_address()) + " " + port + "\r\n";
    CHECK(client.receive(header.size() + 5) == header + "hello");  // It is an echo.
    const json shown = only_connection(world);
    CHECK(shown["destination"] == host + ":" + port);
    CHECK(shown["upstream"]["address"] == host + ":" + port);
  }
}

TEST_CASE("what nft brings by tproxy goes where it had been going", "[transparent]") {
  if (!may_make_networks()) return;
  const OwnNetwork network;
  const Server upstream(echo(), "127.0.0.9:0");
  for (const std::string listens : {"127.0.0.1:0", ":0"}) {
    World world;
    const std::string listen = add_transparent(world, R"("listen":")" + listens + "\"");
    const Socket client = client_at("127.0.0.1");
    tproxy(client, listen);
    connect_to(client, "127.0.0.9", port_of(upstream.address()));
    CHECK(round_trip(client, "hello") == "hello");
    CHECK(only_connection(world)["destination"] == upstream.address());
  }
}

TEST_CASE("a toxic is for some of those that are redirected", "[transparent]") {
  if (!may_make_networks()) return;
  const OwnNetwork network;
  const Server upstream(echo(), "127.0.0.9:0");
  const Server other(echo(), "127.0.0.8:0");
  World world;
  const std::string listen = add_transparent(
      world, R"("toxics":[{"type":"reset_peer","match":{"destination":"127.0.0.9:)" +
                 port_of(upstream.address()) + "\"}}]");
  const Socket spared = client_at("127.0.0.1");
  redirect(spared, listen);
  connect_to(spared, "127.0.0.8", port_of(other.address()));
  CHECK(round_trip(spared, "hello") == "hello");
  const Socket hit = client_at("127.0.0.1");
  redirect(hit, listen);
  connect_to(hit, "127.0.0.9", port_of(upstream.address()));
  hit.send("hello");
  CHECK(hit.receive_some(5).ending == Ending::kReset);
}

TEST_CASE("who comes straight to a transparent proxy is refused", "[transparent]") {
  if (!may_make_networks()) return;
  const OwnNetwork network;
  World world;
  const std::string port = port_of(add_transparent(world, R"("listen":":0")"));
  for (const std::string address : {"127.0.0.1:", "127.0.0.5:", "[::1]:"}) {
    CHECK(Socket::connect(address + port).receive_all().ending == Ending::kFinish);
  }
  CHECK(world.metric(R"(faultline_connection_errors_total{proxy="p",reason="greeting"})") == 3);
  CHECK(world.metric(R"(faultline_connection_errors_total{proxy="p",reason="dial"})") == 0);
}

}  // namespace faultline::test
