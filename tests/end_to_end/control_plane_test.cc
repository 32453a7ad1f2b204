// The control API keeps its promises whatever the data plane suffers.

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;
using Microseconds = std::chrono::microseconds;

Microseconds percentile(std::vector<Microseconds> times, double share) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
}

/// Connections on this machine that wait for an answer to their SYN to `address`.
std::size_t dials_to(const std::string& address) {
  char port[5];
  std::snprintf(port, sizeof port, "%04X", std::stoi(port_of(address)));
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::size_t count = 0;
  while (std::getline(table, line)) {
    const std::string remote_and_state = std::string(":") + port + " 02";
    if (line.find(remote_and_state) != std::string::npos) ++count;
  }
  return count;
}

/// One random change of the toxic on a random proxy, or a look at all of them.
class RandomCalls {
 public:
  RandomCalls(World& world, std::size_t proxies, std::uint64_t seed)
      : world_(world), has_(proxies, false), random_(seed) {}

  /// Makes the call; its status.
  int next() {
    const auto which =
        static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(has_.size()) - 1));
    const std::string toxics = "/proxies/p" + std::to_string(which) + "/toxics";
    switch (random_.between(0, 9)) {
      case 0:
        return world_.api.get("/proxies").status;
      case 1:
        return world_.api.get("/metrics").status;
      default:
        break;
    }
    if (!has_[which]) {
      has_[which] = true;
      return world_.api.post(toxics, any_toxic()).status;
    }
    if (random_.unit() < 0.5) return world_.api.patch(toxics + "/t", R"({"toxicity":0.9})").status;
    has_[which] = false;
    return world_.api.remove(toxics + "/t").status;
  }

  /// Leaves every proxy without toxics.
  void clear() {
    for (std::size_t i = 0; i < has_.size(); ++i) {
      if (has_[i]) world_.remove_toxic("p" + std::to_string(i), "t");
      has_[i] = false;
    }
  }

 private:
  std::string any_toxic() {
    static const std::vector<std::string> kToxics = {
        R"("type":"latency","attributes":{"latency":5000,"jitter":1000})",
        R"("type":"bandwidth","attributes":{"rate":1})",
        R"("type":"bandwidth","attributes":{"rate":1,"scope":"proxy"})",
        R"("type":"bandwidth")",
        R"("type":"slicer","attributes":{"average_size":10,"delay":100000})",
        R"("type":"slow_close","attributes":{"delay":10000})",
        R"("type":"limit_data","attributes":{"bytes":1000000000000})",
        R"("type":"reset_peer","attributes":{"timeout":600000})"};
    const auto last = static_cast<std::int64_t>(kToxics.size()) - 1;
    const std::string stream = random_.unit() < 0.5 ? "upstream" : "downstream";
    return R"({"name":"t","stream":")" + stream + R"(",)" +
           kToxics[static_cast<std::size_t>(random_.between(0, last))] + "}";
  }

  World& world_;
  std::vector<bool> has_;
  Random random_;
};

}  // namespace

TEST_CASE(
    "B1 F1: 200 proxies and 2,000 connections with stalled and dead readers never hold "
    "up a call",
    "[control_plane][threads]") {
  allow_many_files();
  World world;
  const CrowdServer flooding(CrowdServer::Manner::kFlood);
  const CrowdServer echoing(CrowdServer::Manner::kEcho);
  const std::size_t proxies = scaled_down(200);
  std::vector<Socket> stalled;  // Never read; their sender floods them.
  std::vector<Socket> alive;    // One for each second proxy, to see what is in force.
  std::vector<std::string> alive_proxy;
  for (std::size_t i = 0; i < proxies; ++i) {
    const bool floods = i % 2 == 0;
    const std::string name = "p" + std::to_string(i);
    const std::string listen =
        world.add_proxy(name, floods ? flooding.address() : echoing.address());
    for (std::size_t j = 0; j < 10; ++j) {
      stalled.push_back(Socket::connect(listen));
      if (!floods) stalled.back().send_some(std::string(20'000, 's'));
    }
    if (floods) continue;
    alive.push_back(Socket::connect(listen));
    alive_proxy.push_back(name);
  }
  for (const Socket& socket : alive) round_trip(socket, "warm");

  const std::uint64_t seed = 20240;
  INFO("seed " << seed);
  RandomCalls calls(world, proxies, seed);
  std::vector<Microseconds> times;
  const std::size_t count = scaled_down(4000);
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    const int status = calls.next();
    times.push_back(std::chrono::duration_cast<Microseconds>(Clock::now() - start));
    REQUIRE(status < 300);
    if (i % 40 == 39) stalled[i % stalled.size()].reset();  // A reader that dies.
  }
  WARN("API calls: median " << percentile(times, 0.5).count() << " us, p99 "
                            << percentile(times, 0.99).count() << " us, max "
                            << percentile(times, 1).count() << " us");
  CHECK(percentile(times, 0.99) < (is_fast_build() ? milliseconds(100) : milliseconds(1000)));

  calls.clear();
  const milliseconds lag = bound(milliseconds(200));
  for (std::size_t i = 0; i < alive.size(); i += 10) {
    alive[i].receive_some(SIZE_MAX, milliseconds(0));
    world.add_toxic(alive_proxy[i], R"({"name":"lag","type":"latency","attributes":{"latency":)" +
                                        std::to_string(lag.count()) + "}}");
    REQUIRE(time_of([&] { round_trip(alive[i], "x"); }) >= lag - milliseconds(1));
    world.remove_toxic(alive_proxy[i], "lag");
    REQUIRE(time_of([&] { round_trip(alive[i], "x"); }) < lag);
  }
}

TEST_CASE("B3 F3: an upstream that answers no SYN holds up nobody", "[control_plane]") {
  World world;
  BlackHole hole;
  const std::string listen = world.add_proxy("hole", hole.address());
  const Server upstream(echo());
  const std::string other = world.add_proxy("other", upstream.address());
  std::vector<Socket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Socket::connect(listen));
  CHECK(eventually([&] { return dials_to(hole.address()) == 100; }, bound(milliseconds(1000))));
  CHECK(time_of([&] { round_trip(Socket::connect(other), "x"); }) < bound(milliseconds(100)));
  const auto quick = [&](const std::string& path, const std::string& body) {
    const auto start = Clock::now();
    const Reply reply = world.api.post(path, body);
    REQUIRE(reply.status == 200);
    CHECK(Clock::now() - start < bound(milliseconds(100)));
  };

  SECTION("a toxic is added at once") {
    quick("/proxies/hole/toxics", R"({"type":"latency","attributes":{"latency":10}})");
  }
  SECTION("disabling cancels every dial at once") {
    quick("/proxies/hole", R"({"enabled":false})");
    for (const Socket& client : clients) {
      REQUIRE(client.receive_all(bound(milliseconds(500))).ending != Ending::kOpen);
    }
    CHECK(dials_to(hole.address()) == 0);
  }
  SECTION("so does deleting") {
    CHECK(time_of([&] { world.api.remove("/proxies/hole"); }) < bound(milliseconds(100)));
    CHECK(Socket::try_connect(listen).second == ECONNREFUSED);
    CHECK(dials_to(hole.address()) == 0);
  }
  SECTION("a client who goes away takes his dial with him") {
    for (Socket& client : clients) client.reset();
    CHECK(eventually([&] { return dials_to(hole.address()) == 0; }, milliseconds(2000)));
  }
  SECTION("once it answers, the next client is served at once") {
    const Socket& healed = hole.heal();
    const auto start = Clock::now();
    const Socket client = Socket::connect(listen);
    client.send("next");
    for (;;) {
      const std::optional<Socket> server = healed.accept();
      REQUIRE(server);
      if (server->receive_some(4, milliseconds(20)).bytes == "next") break;
    }
    CHECK(Clock::now() - start < bound(milliseconds(500)));
  }
}

TEST_CASE("B4 F2: no attribute value kills or hangs the server, and other proxies keep flowing",
          "[control_plane]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket bystander = Socket::connect(world.add_proxy("bystander", upstream.address()));
  const std::string most = "9223372036854775807";
  const std::string least = "-9223372036854775808";
  std::vector<std::string> toxics = {
      R"("type":"slicer")",
      R"("type":"slicer","attributes":{"average_size":10,"size_variation":12})",
      R"("type":"slicer","attributes":{"average_size":1,"size_variation":)" + most + "}",
      R"("type":"bandwidth","attributes":{"rate":-1})",
      R"("type":"bandwidth","attributes":{"scope":"proxy","rate":)" + most + "}",
      R"("type":"latency","attributes":{"jitter":4611686018427387904})",
  };
  for (const auto& [type, attributes] :
       std::vector<std::pair<std::string, std::string>>{{"latency", "latency"},
                                                        {"latency", "jitter"},
                                                        {"bandwidth", "rate"},
                                                        {"slow_close", "delay"},
                                                        {"timeout", "timeout"},
                                                        {"slicer", "average_size"},
                                                        {"slicer", "size_variation"},
                                                        {"slicer", "delay"},
                                                        {"limit_data", "bytes"},
                                                        {"reset_peer", "timeout"}}) {
    for (const std::string& value : {most, least, std::string("-1"), std::string("1")}) {
      toxics.push_back(R"("type":")" + type + R"(","attributes":{")" + attributes + "\":" + value +
                       "}");
    }
  }
  for (const std::string& toxic : toxics) {
    for (const std::string stream : {"upstream", "downstream"}) {
      INFO(stream << " " << toxic);
      const Socket before = Socket::connect(listen);
      world.add_toxic("p", R"({"name":"t","stream":")" + stream + R"(",)" + toxic + "}");
      const Socket after = Socket::connect(listen);
      const std::string bytes = noise(50'000);
      before.send_some(bytes);
      after.send_some(bytes);
      after.shut_down_write();
      after.receive_all(milliseconds(5));
      REQUIRE(round_trip(bystander, "flows") == "flows");
      REQUIRE(time_of([&] { world.remove_toxic("p", "t"); }) < bound(milliseconds(100)));
      REQUIRE(after.receive_all(bound(milliseconds(2000))).ending != Ending::kOpen);
    }
  }
  CHECK(world.server.is_running());
}

TEST_CASE("B12: no connection gets past the toxics its proxy is created with",
          "[control_plane][threads]") {
  World world;
  const Server upstream(echo());
  const std::string listen = Socket::listen("127.0.0.1:0").local_address();
  const std::string body = R"({"name":"p","listen":")" + listen + R"(","upstream":")" +
                           upstream.address() +
                           R"(","toxics":[{"type":"limit_data","attributes":{"bytes":0}}]})";
  std::atomic<std::size_t> unfaulted = 0;
  std::jthread client([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto [socket, error] = Socket::try_connect(listen);
      if (error != 0) continue;
      socket.send_some("x");
      unfaulted += socket.receive_some(1, milliseconds(1000)).bytes.size();
    }
  });
  for (std::size_t i = 0; i < scaled_down(200); ++i) {
    REQUIRE(world.api.post("/proxies", body).status == 201);
    pause_for(milliseconds(2));
    REQUIRE(world.api.remove("/proxies/p").status == 204);
  }
  client.request_stop();
  client.join();
  CHECK(unfaulted == 0);
}

TEST_CASE("B23: senders that outrun stalled readers are held back, in bounded memory",
          "[control_plane]") {
  allow_many_files();
  World world({.arguments = {"--memory-limit", "64MiB"}});
  const CrowdServer flooding(CrowdServer::Manner::kFlood);
  const std::string listen = world.add_proxy(
      "p", flooding.address(), R"({"type":"latency","attributes":{"latency":10000}})");
  const std::size_t before = world.server.resident_bytes();
  std::vector<Socket> clients;
  for (std::size_t i = 0; i < scaled_down(1000); ++i) clients.push_back(Socket::connect(listen));
  pause_for(milliseconds(3000));
  const std::size_t grown = world.server.resident_bytes() - before;
  WARN(clients.size() << " flooded connections grew the server by " << (grown >> 20U) << " MiB");
  if (is_fast_build()) CHECK(grown < (96UL << 20U));
  // The metrics say how close the limit is, and that it holds readers up.
  CHECK(world.metric("faultline_memory_limit_bytes") == 64 << 20U);
  if (is_fast_build()) CHECK(world.metric("faultline_memory_limited_reads_total") > 0);
  CHECK(time_of([&] { world.remove_toxic("p", "latency_downstream"); }) < bound(milliseconds(100)));
}

}  // namespace faultline::test
