// The same seed and the same connections: the same decisions, whatever the threads do.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/hashing.h"
#include "tests/support/line.h"

namespace faultline::test {
namespace {

constexpr std::size_t kConnections = 40;
constexpr std::size_t kThreads = 4;

/// A server of that seed with so many workers.
struct SeededLine {
  SeededLine(int seed, int workers)
      : line({"--seed", std::to_string(seed), "--workers", std::to_string(workers)}) {}

  /// Connections in a known order: each is there before the next is made.
  std::vector<Socket> connect_all() const {
    std::vector<Socket> all;
    for (std::size_t i = 0; i < kConnections; ++i) {
      all.push_back(line.connect());
      REQUIRE(eventually([&] { return line.upstream.accepted() == static_cast<int>(i + 1); }));
    }
    return all;
  }

  Line line;
};

/// Does something with each connection, from several threads and in no order.
template <class Action>
void for_each_at_once(const std::vector<Socket>& all, const Action& action) {
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = thread; i < all.size(); i += kThreads) action(i, all[i]);
    });
  }
}

/// What came back on each connection of a text that was sent in pieces of any size.
std::vector<std::string> echoes(const std::vector<Socket>& all, const std::string& text) {
  std::vector<std::string> back(all.size());
  for_each_at_once(all, [&](std::size_t i, const Socket& socket) {
    std::minstd_rand random(std::random_device{}());
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + random() % 20'000);
      socket.send(rest.substr(0, piece));
      back[i] += socket.receive(piece);
      rest.remove_prefix(piece);
    }
  });
  return back;
}

/// All that chance decides about bytes: which connections, and which bits of them.
std::vector<std::string> damage(int seed, int workers, const std::string& text) {
  SeededLine seeded(seed, workers);
  seeded.line.world.add_toxic(
      "p", R"({"name":"a","type":"corrupt","toxicity":0.5,"attributes":{"rate":"0.01%"}})");
  seeded.line.world.add_toxic("p",
                              R"({"name":"b","type":"corrupt","stream":"upstream","toxicity":0.3,)"
                              R"("attributes":{"rate":"0.005%"},"match":{"every":2}})");
  return echoes(seeded.connect_all(), text);
}

/// Of each connection: which of its echoes were late, as "..L.L".
std::vector<std::string> late_echoes(int seed, int workers) {
  constexpr int kEchoes = 12;
  constexpr milliseconds kLate{150};  // A round trip is 4 ms, a lost packet costs 200 ms more.
  SeededLine seeded(seed, workers);
  seeded.line.world.add_toxic(
      "p", R"({"type":"path","attributes":{"rtt":4,"loss":"15%","loss_on":"downstream"}})");
  const std::vector<Socket> all = seeded.connect_all();
  std::vector<std::string> late(all.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int echo = 0; echo < kEchoes; ++echo) {
        const milliseconds took = time_of([&] { round_trip(all[i], "x"); });
        late[i] += took > kLate ? 'L' : '.';
        pause_for(milliseconds(60));  // Each by itself: all is acknowledged.
      }
    });
  }
  threads.clear();
  return late;
}

}  // namespace

TEST_CASE("the same seed damages the same bits of the same connections", "[same_seed]") {
  const std::string text = noise(100'000);
  const std::vector<std::string> once = damage(7, 1, text);
  const auto whole = std::count(once.begin(), once.end(), text);
  CHECK(whole >= 5);  // Neither toxic: about a third.
  CHECK(whole <= 28);
  CHECK(damage(7, 1, text) == once);
  CHECK(damage(7, 2, text) == once);
  CHECK(damage(7, 4, text) == once);
  CHECK(damage(8, 1, text) != once);
}

TEST_CASE("the same seed loses the same packets of the same connections", "[same_seed]") {
  const std::vector<std::string> once = late_echoes(7, 1);
  std::size_t late = 0;
  for (const std::string& each : once) {
    late += static_cast<std::size_t>(std::count(each.begin(), each.end(), 'L'));
  }
  CHECK(late > 20);  // Of 480 about 15 %.
  CHECK(late < 150);
  CHECK(late_echoes(7, 4) == once);
  CHECK(late_echoes(8, 4) != once);
}

}  // namespace faultline::test
