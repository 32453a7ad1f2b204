#include "bench/truth/link_direction.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>

namespace faultline::bench::truth {
namespace {

using namespace std::chrono_literals;
using Fate = LinkDirection::Fate;

const TimePoint kStart{};

std::vector<char> packet(std::size_t size) {
  return std::vector<char>(size, 'x');
}

TEST_CASE("a packet leaves a link after its delay, and not before", "[link_direction]") {
  LinkDirection link({.delay = 20ms}, 1);
  CHECK(link.next_due() == kNever);
  CHECK(link.offer(kStart, packet(40)) == Fate::kCarried);
  CHECK(link.offer(kStart + 5ms, packet(1500)) == Fate::kCarried);
  CHECK(link.next_due() == kStart + 20ms);
  CHECK(link.take().bytes.size() == 40);
  CHECK(link.next_due() == kStart + 25ms);
  CHECK(link.take().bytes.size() == 1500);
  CHECK(link.next_due() == kNever);
}

TEST_CASE("a line sends packets one after another, and saves no idle time up", "[link_direction]") {
  LinkDirection link({.delay = 10ms, .bytes_per_second = 1'000'000}, 1);
  link.offer(kStart, packet(1000));  // A millisecond each.
  link.offer(kStart, packet(1000));
  link.offer(kStart + 500ms, packet(1000));
  CHECK(link.take().due == kStart + 11ms);
  CHECK(link.take().due == kStart + 12ms);
  CHECK(link.take().due == kStart + 511ms);
}

TEST_CASE("a full queue drops what comes last, until the line has made room", "[link_direction]") {
  LinkDirection link({.bytes_per_second = 1'000'000, .queue_bytes = 3000}, 1);
  for (int i = 0; i < 3; ++i) CHECK(link.offer(kStart, packet(1000)) == Fate::kCarried);
  CHECK(link.offer(kStart, packet(1000)) == Fate::kQueueFull);
  CHECK(link.offer(kStart + 900us, packet(1000)) == Fate::kQueueFull);
  CHECK(link.offer(kStart + 1ms, packet(1000)) == Fate::kCarried);
}

TEST_CASE("a lost packet has used the line", "[link_direction]") {
  LinkDirection link({.loss = {.to_bad = 1, .to_good = 1, .loss_in_good = 1, .loss_in_bad = 0},
                      .bytes_per_second = 1'000'000},
                     1);
  CHECK(link.offer(kStart, packet(1000)) == Fate::kLost);
  CHECK(link.offer(kStart, packet(1000)) == Fate::kCarried);
  CHECK(link.take().due == kStart + 2ms);
}

TEST_CASE("more packets than a link may hold are no loss but an overflow", "[link_direction]") {
  LinkDirection link({.delay = 1s, .most_held = 2}, 1);
  CHECK(link.offer(kStart, packet(1)) == Fate::kCarried);
  CHECK(link.offer(kStart, packet(1)) == Fate::kCarried);
  CHECK(link.offer(kStart, packet(1)) == Fate::kOverflow);
}

/// How many of many packets are lost, and how many bursts they make.
struct Seen {
  double loss = 0;
  double mean_burst = 0;
};

Seen watch(const LossSettings& process, std::uint64_t seed) {
  constexpr int kPackets = 400'000;
  LossProcess losses(process, Random(seed));
  int lost = 0;
  int bursts = 0;
  bool was_lost = false;
  for (int i = 0; i < kPackets; ++i) {
    const bool is_lost = losses.next_is_lost();
    lost += is_lost ? 1 : 0;
    bursts += is_lost && !was_lost ? 1 : 0;
    was_lost = is_lost;
  }
  return {.loss = double(lost) / kPackets, .mean_burst = double(lost) / std::max(bursts, 1)};
}

TEST_CASE("independent losses have their share, and come in a row as chance has it",
          "[loss_process]") {
  const std::uint64_t seed = Catch::rngSeed();
  CAPTURE(seed);
  for (const double loss : {0.001, 0.01, 0.1}) {
    const Seen seen = watch(LossSettings::independent(loss), seed);
    CAPTURE(loss);
    CHECK(seen.loss == Approx(loss).margin(5 * std::sqrt(loss / 400'000)));
    CHECK(seen.mean_burst == Approx(1 / (1 - loss)).margin(0.06));
  }
  CHECK(watch(LossSettings::independent(0), seed).loss == 0);
}

TEST_CASE("bursts have the length asked for, and the share in all", "[loss_process]") {
  const std::uint64_t seed = Catch::rngSeed();
  CAPTURE(seed);
  const Seen seen = watch(LossSettings::bursts(0.02, 5), seed);
  CHECK(seen.loss == Approx(0.02).margin(0.002));
  CHECK(seen.mean_burst == Approx(5).margin(0.5));
}

TEST_CASE("the same seed loses the same packets, another seed others", "[loss_process]") {
  const LossSettings process = LossSettings::independent(0.5);
  LossProcess one(process, Random(1));
  LossProcess same(process, Random(1));
  LossProcess other(process, Random(2));
  int differing = 0;
  for (int i = 0; i < 1'000; ++i) {
    const bool is_lost = one.next_is_lost();
    REQUIRE(same.next_is_lost() == is_lost);
    differing += other.next_is_lost() == is_lost ? 0 : 1;
  }
  CHECK(differing > 400);
}

}  // namespace
}  // namespace faultline::bench::truth
