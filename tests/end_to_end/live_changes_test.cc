// Toxics added, changed and removed on connections that are already open.

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/server.h"
#include "tests/support/server_process.h"

namespace faultline::test {
namespace {

std::vector<Socket> connect_all(const std::string& listen, std::size_t count) {
  std::vector<Socket> sockets;
  for (std::size_t i = 0; i < count; ++i) sockets.push_back(Socket::connect(listen));
  return sockets;
}

/// Which of these echo connections a `latency` of `delay` applies to.
std::vector<bool> delayed(const std::vector<Socket>& sockets, milliseconds delay) {
  for (const Socket& socket : sockets) socket.send("x");
  const auto sent = Clock::now();
  while (Clock::now() - sent < delay / 2) pause_for(milliseconds(1));
  std::vector<bool> all;
  for (const Socket& socket : sockets) all.push_back(socket.is_quiet_for(milliseconds(0)));
  REQUIRE(Clock::now() - sent < delay);
  for (const Socket& socket : sockets) socket.receive(1);
  return all;
}

/// Whether the stream ends with RST. Reads little at a time: with a large buffer for
/// each read a sanitizer takes longer than what is timed here.
bool ends_with_reset(const Socket& socket, milliseconds patience) {
  for (;;) {
    const Received some = socket.receive_some(16, patience);
    if (some.bytes.empty()) return some.ending == Ending::kReset;
  }
}

const std::string kLag = R"({"type":"latency","name":"lag","attributes":{"latency":)";

}  // namespace

TEST_CASE("K12: a change is in force when the call returns, on open connections too",
          "[live_changes][threads]") {
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const std::string listen = world.add_proxy("p", upstream.address());
  const std::vector<Socket> open = connect_all(listen, 50);
  for (const Socket& socket : open) round_trip(socket, "warm");
  const milliseconds delay = bound(milliseconds(100));
  const std::string attribute = std::to_string(delay.count());
  const auto count_delayed = [&] {
    const std::vector<bool> all = delayed(open, delay);
    return std::count(all.begin(), all.end(), true);
  };
  for (int i = 0; i < 5; ++i) {
    world.add_toxic("p", kLag + attribute + "}}");
    REQUIRE(count_delayed() == 50);
    world.change_toxic("p", "lag", R"({"attributes":{"latency":0}})");
    REQUIRE(count_delayed() == 0);
    world.change_toxic("p", "lag", R"({"attributes":{"latency":)" + attribute + "}}");
    REQUIRE(count_delayed() == 50);
    world.remove_toxic("p", "lag");
    REQUIRE(count_delayed() == 0);
  }
}

TEST_CASE("K10: removing latency or bandwidth lets go of what was held, and closes nothing",
          "[live_changes]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket client = Socket::connect(listen);
  for (const std::string toxic : {R"({"name":"t","type":"latency","attributes":{"latency":60000}})",
                                  R"({"name":"t","type":"bandwidth","attributes":{"rate":1}})",
                                  R"({"name":"t","type":"slicer","attributes":{)"
                                  R"("average_size":1,"delay":10000000}})"}) {
    INFO(toxic);
    world.add_toxic("p", toxic);
    const std::string bytes = noise(20'000);
    client.send(bytes);
    pause_for(milliseconds(100));
    CHECK(time_of([&] { world.remove_toxic("p", "t"); }) < bound(milliseconds(100)));
    CHECK((client.receive(bytes.size(), bound(milliseconds(500))) == bytes));
    CHECK(round_trip(client, "after") == "after");
  }
}

TEST_CASE("an update of latency re-times what is held", "[live_changes]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address(), kLag + "60000}}");
  const Socket client = Socket::connect(listen);
  const auto start = Clock::now();
  client.send("held");
  pause_for(milliseconds(50));
  world.change_toxic("p", "lag", R"({"attributes":{"latency":200}})");
  CHECK(client.receive(4) == "held");
  CHECK(Clock::now() - start >= milliseconds(195));
  CHECK(Clock::now() - start < bound(milliseconds(280)));
}

TEST_CASE("F13: an update of bandwidth keeps its pace, with no burst", "[live_changes]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"name":"b","type":"bandwidth","attributes":{"rate":100}})");
  const Socket client = Socket::connect(listen);
  const auto start = Clock::now();
  client.send(std::string(50'000, 'x'));
  for (int i = 0; i < 10; ++i) {
    pause_for(milliseconds(20));
    world.change_toxic("p", "b", "{}");
  }
  client.receive(50'000);
  CHECK(Clock::now() - start >= milliseconds(480));
  CHECK(Clock::now() - start < bound(milliseconds(800)));
}

TEST_CASE("K10 F9: removing timeout closes the connections it was active on, and spares others",
          "[live_changes]") {
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const std::string listen = world.add_proxy("p", upstream.address());
  const std::vector<Socket> open = connect_all(listen, 100);
  for (const Socket& socket : open) round_trip(socket, "warm");
  world.add_toxic("p", R"({"type":"timeout","toxicity":0.5})");
  std::vector<bool> active;
  for (std::size_t i = 0; i < open.size(); i += 2) open[i].send("x");  // Others lost nothing yet.
  pause_for(bound(milliseconds(100)));
  std::size_t stalled = 0;
  for (std::size_t i = 0; i < open.size(); i += 2) {
    if (open[i].is_quiet_for(milliseconds(0))) ++stalled;
  }
  CHECK(stalled > 10);
  CHECK(stalled < 40);
  world.remove_toxic("p", "timeout_downstream");
  std::size_t closed = 0;
  std::size_t closed_of_busy = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    open[i].send_some("y");
    const Received received = open[i].receive_some(SIZE_MAX);
    if (!received.bytes.empty()) continue;
    ++closed;
    if (i % 2 == 0) ++closed_of_busy;
  }
  CHECK(closed_of_busy == stalled);
  CHECK(closed > 30);
  CHECK(closed < 70);
}

TEST_CASE("B16: a stall heals on the same connection, with all bytes in order",
          "[live_changes][threads]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  const Socket client = Socket::connect(listen);
  CHECK(round_trip(client, "before") == "before");
  world.add_toxic("p", R"({"name":"up","stream":"upstream","type":"bandwidth"})");
  world.add_toxic("p", R"({"name":"down","type":"bandwidth"})");
  const std::string bytes = noise(3'000'000);
  std::jthread sender([&] { client.send(bytes); });
  const bool was_quiet = client.is_quiet_for(milliseconds(1000));
  world.remove_toxic("p", "up");
  world.remove_toxic("p", "down");
  const std::string back = client.receive(bytes.size());
  sender.join();
  CHECK(was_quiet);
  CHECK((back == bytes));
  CHECK(round_trip(client, "after") == "after");
}

TEST_CASE("B17: reset_peer resets idle and busy connections that were open before it",
          "[live_changes][threads]") {
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  for (const std::string stream : {"downstream", "upstream"}) {
    const int resets_before = upstream.resets();
    const std::string listen = world.add_proxy(stream, upstream.address());
    const std::vector<Socket> open = connect_all(listen, 100);
    for (const Socket& socket : open) round_trip(socket, "warm");
    for (std::size_t i = 0; i < open.size(); i += 2) open[i].send("busy");
    world.add_toxic(stream, R"({"type":"reset_peer","stream":")" + stream + R"("})");
    const auto start = Clock::now();
    std::size_t seen = 0;
    for (const Socket& socket : open) {
      if (ends_with_reset(socket, bound(milliseconds(1000)))) ++seen;
    }
    INFO(stream);
    CHECK(seen == 100);
    CHECK(Clock::now() - start < bound(milliseconds(50)));
    CHECK(eventually([&] { return upstream.resets() == resets_before + 100; }, milliseconds(2000)));
  }
}

TEST_CASE("B5 F8: who is affected is drawn once, and stays, whatever happens to other toxics",
          "[live_changes]") {
  World world;
  const CrowdServer upstream(CrowdServer::Manner::kEcho);
  const std::string listen = world.add_proxy("p", upstream.address());
  const std::size_t count = scaled_down(1000);
  const std::vector<Socket> open = connect_all(listen, count);
  for (const Socket& socket : open) round_trip(socket, "warm");
  const milliseconds delay(is_fast_build() ? 400 : 2000);
  world.add_toxic("p", R"({"type":"noop","name":"first"})");
  world.add_toxic("p", R"({"type":"latency","name":"lag","toxicity":0.5,"attributes":{"latency":)" +
                           std::to_string(delay.count()) + "}}");
  const std::vector<bool> before = delayed(open, delay);
  const auto affected = std::count(before.begin(), before.end(), true);
  const auto expected = static_cast<double>(count) / 2;
  CHECK(std::abs(static_cast<double>(affected) - expected) < 6 * std::sqrt(expected / 2));

  world.change_toxic("p", "lag", "{}");
  world.change_toxic("p", "lag", R"({"toxicity":0.5})");
  world.add_toxic("p", R"({"type":"noop","name":"last","toxicity":0.5})");
  world.change_toxic("p", "last", R"({"toxicity":0.1})");
  world.remove_toxic("p", "first");
  world.remove_toxic("p", "last");
  CHECK(delayed(open, delay) == before);

  world.change_toxic("p", "lag", R"({"toxicity":0.6})");
  const std::vector<bool> more = delayed(open, delay);
  std::size_t joined = 0;
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(more[i] >= before[i]);
    if (more[i] && !before[i]) ++joined;
  }
  CHECK(joined > 0);
  CHECK(static_cast<double>(joined) < 0.2 * static_cast<double>(count));
  world.change_toxic("p", "lag", R"({"toxicity":0.5})");
  CHECK(delayed(open, delay) == before);
  world.change_toxic("p", "lag", R"({"toxicity":1})");
  CHECK(delayed(open, delay) == std::vector<bool>(count, true));
  world.change_toxic("p", "lag", R"({"toxicity":-1})");
  CHECK(delayed(open, delay) == std::vector<bool>(count, false));
}

TEST_CASE("B13b: any toxic can be removed in the middle of its wait", "[live_changes]") {
  World world;
  const Server upstream(echo());
  const std::string listen = world.add_proxy("p", upstream.address());
  for (const std::string toxic :
       {R"("type":"reset_peer","attributes":{"timeout":8000})",
        R"("type":"latency","attributes":{"latency":8000})",
        R"("type":"bandwidth","attributes":{"rate":1})", R"("type":"bandwidth")",
        R"("type":"slow_close","attributes":{"delay":8000})",
        R"("type":"timeout","attributes":{"timeout":8000})",
        R"("type":"slicer","attributes":{"average_size":1,"delay":8000000})"}) {
    INFO(toxic);
    const Socket client = Socket::connect(listen);
    round_trip(client, "warm");
    world.add_toxic("p", R"({"name":"t",)" + toxic + "}");
    client.send(std::string(20'000, 'x'));
    client.shut_down_write();
    pause_for(milliseconds(50));
    CHECK(time_of([&] { world.remove_toxic("p", "t"); }) < bound(milliseconds(100)));
    CHECK(client.receive_all(bound(milliseconds(1000))).ending == Ending::kFinish);
  }
}

TEST_CASE("removing slow_close during its wait closes at once", "[live_changes]") {
  World world;
  const Server upstream(say("bye"));
  const std::string listen = world.add_proxy(
      "p", upstream.address(), R"({"name":"t","type":"slow_close","attributes":{"delay":60000}})");
  const Socket client = Socket::connect(listen);
  CHECK(client.receive(3) == "bye");
  CHECK(client.is_quiet_for(milliseconds(50)));
  world.remove_toxic("p", "t");
  CHECK(client.receive_all(bound(milliseconds(200))).ending == Ending::kFinish);
}

TEST_CASE("B27 F10: the same seed makes the same decisions, another seed others",
          "[live_changes]") {
  const auto decisions = [](const std::string& seed) {
    World world({.arguments = {"--seed", seed}});
    const Server upstream(echo());
    const std::string listen = world.add_proxy(
        "p", upstream.address(), R"({"type":"limit_data","stream":"upstream","toxicity":0.5})");
    std::string all;
    for (int i = 0; i < 100; ++i) {
      const Socket client = Socket::connect(listen);
      client.send("x");
      all += client.receive_some(1).bytes.empty() ? '1' : '0';
    }
    // Of connections made at once the order is not known, but how many are hit is.
    const std::string crowd = world.add_proxy(
        "q", upstream.address(), R"({"type":"limit_data","stream":"upstream","toxicity":0.5})");
    const std::vector<Socket> sockets = connect_all(crowd, scaled_down(1000));
    for (const Socket& socket : sockets) socket.send_some("x");
    std::size_t hit = 0;
    for (const Socket& socket : sockets) {
      if (socket.receive_some(1).bytes.empty()) ++hit;
    }
    return all + " " + std::to_string(hit);
  };
  const std::string first = decisions("12345");
  CHECK(first == decisions("12345"));
  CHECK(first != decisions("54321"));
}

}  // namespace faultline::test
