// Bulk on the pass-through path: spliced, and taken out of a pipe again when a
// toxic comes or a peer stalls.

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

/// Reads exactly `count` bytes; their hash.
std::string receive_hash(const Socket& socket, std::size_t count) {
  Sha256 hash;
  while (count > 0) {
    const Received some = socket.receive_some(count);
    REQUIRE_FALSE(some.bytes.empty());
    hash.add(some.bytes);
    count -= some.bytes.size();
  }
  return hash.finish();
}

/// Sends as much as goes until nothing has moved for a while; how much that was.
std::size_t send_until_stuck(const Socket& socket, const std::string& bytes) {
  std::size_t sent = 0;
  for (int quiet = 0; quiet < 20 && sent < bytes.size();) {
    const std::size_t more = socket.send_some(std::string_view(bytes).substr(sent));
    sent += more;
    quiet = more > 0 ? 0 : quiet + 1;
    if (more == 0) pause_for(milliseconds(10));
  }
  return sent;
}

}  // namespace

TEST_CASE("more stalled bulk connections than there are pipes: each gets its bytes", "[bulk]") {
  World world;
  const std::size_t size = scaled_down(12'000'000);
  const std::string bytes = noise(size);
  const std::string hash = sha256(bytes);
  const Server upstream(say(bytes));
  const std::string listen = world.add_proxy("p", upstream.address());
  std::vector<Socket> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(Socket::connect(listen));
    clients.back().set_receive_buffer(256 * 1024);
  }
  pause_for(milliseconds(300));  // All are stuck by now, or soon.
  for (const Socket& client : clients) REQUIRE(receive_hash(client, size) == hash);
  for (const Socket& client : clients) CHECK(client.receive_some(1).ending == Ending::kFinish);
}

TEST_CASE("a toxic that comes while a pipe is full overtakes nothing", "[bulk]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(40'000'000);
  for (const std::string toxic :
       {R"({"type":"latency","attributes":{"latency":20,"jitter":20}})",
        R"({"type":"slicer","attributes":{"average_size":50000,"size_variation":20000}})",
        R"({"type":"bandwidth","attributes":{"rate":400000}})"}) {
    INFO(toxic);
    const Socket client = Socket::connect(listen);
    const std::optional<Socket> server = listener.accept();
    REQUIRE(server);
    const std::size_t before = send_until_stuck(*server, bytes);
    REQUIRE(before < bytes.size());
    world.add_toxic("p", toxic);
    std::jthread rest([&] {
      server->send(std::string_view(bytes).substr(before));
      server->shut_down_write();
    });
    const std::string half = receive_hash(client, bytes.size() / 2);
    CHECK(half == sha256(std::string_view(bytes).substr(0, bytes.size() / 2)));
    REQUIRE(world.api.post("/reset").status == 204);
    const std::string other = receive_hash(client, bytes.size() / 2);
    CHECK(other == sha256(std::string_view(bytes).substr(bytes.size() / 2)));
    CHECK(client.receive_some(1).ending == Ending::kFinish);
  }
}

TEST_CASE("urgent data in the middle of bulk stops nothing", "[bulk]") {
  World world;
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(5'000'000);
  const std::string hash = sha256(bytes);
  for (int i = 0; i < 20; ++i) {
    const Socket client = Socket::connect(listen);
    const std::optional<Socket> server = listener.accept();
    REQUIRE(server);
    std::jthread sender([&] {
      client.send(bytes);
      ::send(client.fd(), "!", 1, MSG_OOB);  // Beside the stream: no reader here asks for it.
      client.send(bytes);
      client.shut_down_write();
    });
    REQUIRE(receive_hash(*server, bytes.size()) == hash);
    REQUIRE(receive_hash(*server, bytes.size()) == hash);
    CHECK(server->receive_some(1).ending == Ending::kFinish);
  }
}

TEST_CASE("what follows urgent data is not lost when the end comes with it", "[bulk]") {
  World world({.arguments = {"--workers", "1"}});
  const Socket listener = Socket::listen("127.0.0.1:0");
  const std::string listen = world.add_proxy("p", listener.local_address());
  const std::string bytes = noise(600'000);
  const std::string tail = noise(1000, 2);
  const std::size_t times = scaled_down(200);
  for (std::size_t i = 0; i < times; ++i) {
    const Socket client = Socket::connect(listen);
    const std::optional<Socket> server = listener.accept();
    REQUIRE(server);
    std::jthread sender([&] {
      client.send(bytes);
      ::send(client.fd(), "!", 1, MSG_OOB);
      client.send(tail);
      client.shut_down_write();
    });
    REQUIRE(receive_hash(*server, bytes.size()) == sha256(bytes));
    REQUIRE(receive_hash(*server, tail.size()) == sha256(tail));
    REQUIRE(server->receive_some(1).ending == Ending::kFinish);
  }
}

TEST_CASE("a fast bandwidth saves up no idle time, on TCP and on unix sockets", "[bulk]") {
  World world;
  const std::string path = "unix:/tmp/faultline-gate-" + std::to_string(world.server.pid());
  for (const std::string& address : {std::string("127.0.0.1:0"), path}) {
    const Socket listener = Socket::listen(address);
    const std::string listen =
        world.add_proxy(address == path ? "unix" : "tcp", listener.local_address(),
                        R"({"type":"bandwidth","attributes":{"rate":50000}})");
    const Socket client = Socket::connect(listen);
    const std::optional<Socket> server = listener.accept();
    REQUIRE(server);
    const std::string bytes = noise(5'000'000);
    for (int i = 0; i < 3; ++i) {
      pause_for(milliseconds(300));
      std::jthread sender([&] { server->send(bytes); });
      const milliseconds took = time_of([&] { receive_hash(client, bytes.size()); });
      CHECK(took >= milliseconds(95));  // 100, less what a gate passes at once.
    }
  }
}

TEST_CASE("bulk goes through unix sockets, and from one kind to the other", "[bulk]") {
  World world;
  const Socket tcp = Socket::listen("127.0.0.1:0");
  const std::string path = "unix:/tmp/faultline-bulk-" + std::to_string(world.server.pid());
  REQUIRE(world.api
              .post("/proxies",
                    R"({"name":"to_unix","listen":"127.0.0.1:0","upstream":")" + path + R"("})")
              .status == 201);
  REQUIRE(world.api
              .post("/proxies", R"({"name":"from_unix","listen":")" + path + R"(","upstream":")" +
                                    tcp.local_address() + R"("})")
              .status == 201);
  const std::string listen =
      nlohmann::json::parse(world.api.get("/proxies/to_unix").body).at("listen");
  const Socket client = Socket::connect(listen);
  const std::optional<Socket> server = tcp.accept();
  REQUIRE(server);
  const std::string bytes = noise(20'000'000);
  const std::string hash = sha256(bytes);
  for (const auto& [from, to] : {std::pair(&client, &*server), std::pair(&*server, &client)}) {
    std::jthread sender([&, from = from] { from->send(bytes); });
    CHECK(receive_hash(*to, bytes.size()) == hash);
  }
}

TEST_CASE("--link-window bounds what a link holds", "[bulk]") {
  World world({.arguments = {"--link-window", "256KiB", "--workers", "1"}});
  const CrowdServer flooding(CrowdServer::Manner::kFlood);
  const std::string listen = world.add_proxy(
      "p", flooding.address(), R"({"type":"latency","attributes":{"latency":600000}})");
  const Socket client = Socket::connect(listen);
  REQUIRE(eventually([&] { return world.metric("faultline_held_bytes") >= 256 * 1024; }));
  pause_for(milliseconds(200));
  CHECK(world.metric("faultline_held_bytes") < (256 + 65) * 1024);
  CHECK(world.metric("faultline_memory_limited_reads_total") == 0);
}

}  // namespace faultline::test
