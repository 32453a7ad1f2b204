// Zones of nodes that all dial each other through Faultline: one is cut off, and comes back.

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/mesh.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

using Json = nlohmann::json;

constexpr int kA = 1;
constexpr int kB = 2;
constexpr int kC = 3;
constexpr int kAny = 0;

const std::string kZones = R"({"zones":{"a":{"cidrs":["127.1.0.0/16"]},)"
                           R"("b":{"cidrs":["127.2.0.0/16"]},"c":{"cidrs":["127.3.0.0/16"]}}})";

/// A server with the zones, and nodes in them, each behind a proxy.
struct ZoneWorld {
  explicit ZoneWorld(int nodes_per_zone) : mesh(3, nodes_per_zone) {
    REQUIRE(world.api.request("PUT", "/v1/zones", kZones).status == 200);
    for (std::size_t node = 0; node < mesh.nodes(); ++node) {
      proxies.push_back(world.add_proxy("node-" + std::to_string(node), mesh.address(node)));
    }
  }

  Json cut(const std::string& partition) {
    const Reply reply = world.api.post("/v1/partitions", partition);
    INFO(reply.body);
    REQUIRE(reply.status == 201);
    return Json::parse(reply.body);
  }
  Json effect(const std::string& partition) {
    return Json::parse(world.api.get("/v1/partitions/" + partition + "/effect").body);
  }
  /// Of a node in zone `server`, from an address in zone `client`: 0, or an errno.
  int dial(int client, int server, milliseconds patience) {
    for (std::size_t node = 0; node < mesh.nodes(); ++node) {
      if (mesh.zone_of(node) != server) continue;
      return Socket::try_connect_from("127." + std::to_string(client) + ".0.77", proxies[node],
                                      patience)
          .second;
    }
    return EINVAL;
  }

  World world;
  Mesh mesh;
  std::vector<std::string> proxies;
};

/// Between zone b and others, by who dials.
const std::vector<Mesh::Between> kCut = {{kA, kB}, {kB, kA}, {kC, kB}, {kB, kC}};
const std::vector<Mesh::Between> kFree = {{kA, kA}, {kB, kB}, {kC, kC}, {kA, kC}, {kC, kA}};

/// How many of them can be open in this process, whose ends both are: up to `wanted` of each pair.
std::size_t as_many_as_files_allow(std::size_t wanted, std::size_t pairs) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t spare = 250;
  return std::min<std::size_t>(wanted, (files.rlim_cur - spare) / 2 / pairs);
}

/// Cuts zone b off a mesh with so many connections from each node to each other, and lets the
/// time to live heal it.
void play(std::size_t each, int nodes_per_zone) {
  ZoneWorld zones(nodes_per_zone);
  Mesh& mesh = zones.mesh;
  const std::size_t open = mesh.connect(zones.proxies, each);
  REQUIRE(mesh.unanswered({}, bound(milliseconds(20'000))) == 0);
  pause_for(milliseconds(1'000));
  for (const auto& between : kFree) mesh.slowest_hundredth(between);
  pause_for(milliseconds(2'000));
  std::vector<std::chrono::microseconds> before;
  for (const auto& between : kFree) before.push_back(mesh.slowest_hundredth(between));

  const auto called = Clock::now();
  zones.cut(R"({"name":"b-cut","shape":"isolate","zones":["b"],"ttl":"6s"})");
  const auto answered = Clock::now();
  for (const Mesh::Between between : {Mesh::Between{kB, kAny}, Mesh::Between{kAny, kB}}) {
    mesh.speak(between);  // Into the dead zone, out of it, and within.
  }
  pause_for(milliseconds(1'000));
  std::vector<std::chrono::microseconds> during;
  for (const auto& between : kFree) during.push_back(mesh.slowest_hundredth(between));

  std::size_t cut = 0;
  Clock::time_point last = Clock::time_point::min();
  for (const auto& between : kCut) {
    cut += mesh.count(between);
    last = std::max(last, mesh.last_byte(between));
  }
  const auto ms = [](auto duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  const Json effect = zones.effect("b-cut");
  WARN(open << " open connections, " << cut << " cut; answered after " << ms(answered - called)
            << " ms, last byte across " << ms(last - called) << " ms after the call");
  CHECK(last <= called + bound(milliseconds(100)));
  CHECK(effect["cut"] == cut);
  CHECK(effect["crossed"] == 0);
  for (std::size_t i = 0; i < kFree.size(); ++i) {
    WARN("p99 within " << kFree[i].client << ">" << kFree[i].server << ": " << ms(before[i])
                       << " ms before, " << ms(during[i]) << " ms while it is cut");
    CHECK(during[i].count() > 0);
  }
  CHECK(zones.dial(kA, kB, milliseconds(200)) == ETIMEDOUT);
  CHECK(zones.dial(kB, kC, milliseconds(200)) == ETIMEDOUT);
  CHECK(zones.dial(kB, kB, bound(milliseconds(2'000))) == 0);
  CHECK(zones.dial(kA, kC, bound(milliseconds(2'000))) == 0);

  // Nobody renews it, nobody removes it.
  REQUIRE(eventually([&] { return zones.world.api.get("/v1/partitions/b-cut").status == 404; },
                     bound(milliseconds(5'000))));
  CHECK(mesh.unanswered({}, bound(milliseconds(20'000))) == 0);
  CHECK(mesh.wrong() == 0);
  CHECK(mesh.ended() == 0);
  const Reply events = zones.world.api.request("GET", "/v1/events?type=partition.ended", "",
                                               {{"Accept", "application/json"}});
  const Json ended = Json::parse(events.body)["events"].at(0);
  CHECK(ended["cause"] == "ttl");
  CHECK(ended["effect"]["crossed"] == 0);
  CHECK(ended["connections"] == cut);
}

}  // namespace

TEST_CASE("a zone is cut off a small mesh and comes back, with every byte in order", "[zones]") {
  play(1, 3);
}

TEST_CASE("a zone is cut off a mesh of 10,000 open connections, and comes back",
          "[zones][minutes]") {
  play(as_many_as_files_allow(48, 15 * 14), 5);
}

TEST_CASE("a server that is killed leaves no rule on its machine", "[zones]") {
  ZoneWorld zones(1);
  zones.mesh.connect(zones.proxies, 1);
  REQUIRE(zones.mesh.unanswered({}, bound(milliseconds(5'000))) == 0);
  zones.cut(R"({"name":"b-cut","shape":"isolate","zones":["b"]})");
  CHECK(zones.dial(kA, kB, milliseconds(200)) == ETIMEDOUT);
  zones.world.server.kill();
  REQUIRE(eventually([&] { return zones.mesh.ended() == zones.mesh.count({kAny, kAny}); }));
  CHECK(zones.dial(kA, kB, milliseconds(2'000)) == ECONNREFUSED);

  // Whoever takes the port next has it all.
  const Socket next = Socket::listen(zones.proxies[1]);
  const Socket client =
      Socket::try_connect_from("127.1.0.77", zones.proxies[1], bound(milliseconds(2'000))).first;
  REQUIRE(client.is_open());
  client.send("hello");
  const auto served = next.accept();
  REQUIRE(served);
  CHECK(served->receive(5) == "hello");
}

TEST_CASE("the same seed cuts the same ordinals, run after run", "[zones]") {
  const auto cut_ones = [] {
    World world({.arguments = {"--seed", "7"}});
    const Server upstream(echo(), "127.2.0.1:0");
    REQUIRE(world.api.request("PUT", "/v1/zones", kZones).status == 200);
    const std::string listen = world.add_proxy("b", upstream.address());
    std::vector<Socket> clients;
    for (int i = 0; i < 1'000; ++i) {
      auto [client, error] = Socket::try_connect_from("127.1.0.9", listen);
      REQUIRE(error == 0);
      REQUIRE(round_trip(client, "x") == "x");
      clients.push_back(std::move(client));
    }
    REQUIRE(world.api
                .post("/v1/partitions",
                      R"({"name":"some","from":"a","to":"b","connections":"30%","mode":"reset"})")
                .status == 201);
    std::vector<int> cut;
    for (int i = 0; i < 1'000; ++i) {
      const Socket& client = clients[static_cast<std::size_t>(i)];
      if (!client.is_quiet_for(milliseconds(0))) cut.push_back(i);
    }
    return cut;
  };
  const std::vector<int> first = cut_ones();
  CHECK(first.size() > 240);
  CHECK(first.size() < 360);
  CHECK(cut_ones() == first);
}

}  // namespace faultline::test
