#include "toxics/schedule.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade = TimePoint(std::chrono::hours(1));

Schedule pulsing(Duration on, Duration off, Duration jitter = 0ms, std::uint64_t key = 7) {
  return {.pulse = OnOff{.on = on, .off = off, .jitter = jitter}, .key = key, .start = kMade};
}

Schedule by_chance(Duration on, Duration off, std::uint64_t key = 7) {
  return {.poisson = OnOff{.on = on, .off = off, .lengths = OnOff::Lengths::kExponential},
          .key = key,
          .start = kMade};
}

/// The times from the start to the first so many changes.
std::vector<TimePoint> changes_of(const Schedule& schedule, std::size_t count) {
  ScheduleCursor cursor(schedule);
  std::vector<TimePoint> all = {cursor.next_change(schedule.start)};
  while (all.size() < count) all.push_back(cursor.next_change(all.back()));
  return all;
}

TEST_CASE("a schedule without parts is always in force", "[schedule]") {
  const Schedule schedule;
  CHECK(schedule.in_force(kMade));
  CHECK(schedule.next_change(kMade) == kNever);
}

TEST_CASE("a pulse is on first, then off, and so on, to the nanosecond", "[schedule]") {
  const Schedule schedule = pulsing(3s, 2s);
  for (const Duration round : {0s, 5s, 5'000'000'000s}) {
    const TimePoint at = kMade + round;
    CHECK(schedule.in_force(at));
    CHECK(schedule.in_force(at + 3s - 1ns));
    CHECK_FALSE(schedule.in_force(at + 3s));
    CHECK_FALSE(schedule.in_force(at + 5s - 1ns));
    CHECK(schedule.next_change(at) == at + 3s);
    CHECK(schedule.next_change(at + 3s - 1ns) == at + 3s);
    CHECK(schedule.next_change(at + 3s) == at + 5s);
  }
  CHECK(schedule.in_force(kMade - 1h));
  CHECK(schedule.next_change(kMade - 1h) == kMade + 3s);
}

TEST_CASE("jitter moves each length by itself, evenly, both ways", "[schedule]") {
  const auto changes = changes_of(pulsing(100ms, 50ms, 20ms), 20'001);
  std::vector<double> on;
  for (std::size_t i = 2; i < changes.size(); i += 2) {
    const Duration length = changes[i] - changes[i - 1];
    REQUIRE(length >= 80ms);
    REQUIRE(length <= 120ms);
    on.push_back(static_cast<double>(length.count()) / 1e6);
    const Duration off = changes[i - 1] - changes[i - 2];
    REQUIRE(off >= 30ms);
    REQUIRE(off <= 70ms);
  }
  std::sort(on.begin(), on.end());
  double distance = 0;  // Kolmogorov and Smirnov's.
  for (std::size_t i = 0; i < on.size(); ++i) {
    const double expected = (on[i] - 80) / 40;
    distance = std::max(distance, std::abs(expected - static_cast<double>(i) / 10'000));
  }
  CHECK(distance < 1.63 / std::sqrt(10'000));
}

TEST_CASE("poisson lengths are exponential, with the means that were asked for", "[schedule]") {
  const auto changes = changes_of(by_chance(10s, 30s), 20'001);
  std::vector<double> on;
  double off = 0;
  for (std::size_t i = 2; i < changes.size(); i += 2) {
    on.push_back(static_cast<double>((changes[i] - changes[i - 1]).count()) / 1e9);
    off += static_cast<double>((changes[i - 1] - changes[i - 2]).count()) / 1e9;
  }
  CHECK(off / 10'000 == Approx(30).epsilon(0.03));
  std::sort(on.begin(), on.end());
  double distance = 0;
  for (std::size_t i = 0; i < on.size(); ++i) {
    const double expected = 1 - std::exp(-on[i] / 10);
    distance = std::max(distance, std::abs(expected - static_cast<double>(i) / 10'000));
  }
  CHECK(distance < 1.63 / std::sqrt(10'000));
}

TEST_CASE("no length is less than a millisecond, whatever was asked for", "[schedule]") {
  const Schedule schedule =
      GENERATE(pulsing(0ms, 0ms), pulsing(-5ms, -kLongest), pulsing(1ms, 1ms, 50ms),
               pulsing(2ms, 2ms, -7ms), by_chance(0ms, 0ms), by_chance(1us, -1h));
  const auto changes = changes_of(schedule, 500);
  for (std::size_t i = 1; i < changes.size(); ++i) REQUIRE(changes[i] - changes[i - 1] >= 1ms);
}

TEST_CASE("absurd lengths never overflow: what does not end never changes", "[schedule]") {
  const Duration longest = Duration::max();
  for (const Schedule& schedule : {pulsing(longest, longest, longest), pulsing(longest, longest),
                                   by_chance(longest, longest)}) {
    ScheduleCursor cursor(schedule);
    TimePoint now = kMade;
    for (int i = 0; i < 10'000 && now != kNever; ++i) {
      const TimePoint next = cursor.next_change(now);
      REQUIRE(next > now);
      now = next;
    }
    CHECK(cursor.next_change(kNever) == kNever);
  }
}

TEST_CASE("in_force stays what it is until next_change, and is then the other", "[schedule]") {
  Schedule schedule = pulsing(70ms, 30ms, 20ms);
  const bool both = GENERATE(false, true);
  if (both) schedule.poisson = by_chance(50ms, 50ms).poisson;
  Random random(3);
  int changes = 0;
  ScheduleCursor cursor(schedule);
  for (TimePoint now = kMade; now < kMade + 10s;) {
    const bool here = cursor.in_force(now);
    const TimePoint until = cursor.next_change(now);
    REQUIRE(until > now);
    const Duration part(random.between(0, (until - now).count() - 1));
    REQUIRE(schedule.in_force(now + part) == here);
    REQUIRE(schedule.in_force(until - 1ns) == here);
    if (schedule.in_force(until) != here) ++changes;
    if (!both) REQUIRE(schedule.in_force(until) != here);
    now = until;
  }
  CHECK(changes > 100);
}

TEST_CASE("two parts are in force while both are", "[schedule]") {
  const Schedule pulse = pulsing(70ms, 30ms, 20ms);
  Schedule chance = by_chance(50ms, 50ms);
  Schedule both = pulse;
  both.poisson = chance.poisson;
  for (TimePoint now = kMade; now < kMade + 3s; now += 1700us) {
    REQUIRE(both.in_force(now) == (pulse.in_force(now) && chance.in_force(now)));
  }
}

TEST_CASE("answers depend on the key and the time, not on what was asked before", "[schedule]") {
  CAPTURE(Catch::rngSeed());
  Random random(Catch::rngSeed());
  Schedule schedule = pulsing(50ms, 20ms, 10ms);
  schedule.poisson = by_chance(400ms, 100ms).poisson;
  ScheduleCursor seldom(schedule);
  ScheduleCursor often(schedule);
  TimePoint now = kMade;
  for (int i = 0; i < 2000; ++i) {
    now += Duration(random.between(0, 20'000'000));
    REQUIRE(often.in_force(now) == schedule.in_force(now));
    REQUIRE(often.next_change(now) == schedule.next_change(now));
    if (i % 50 != 0) continue;
    REQUIRE(seldom.next_change(now) == schedule.next_change(now));
    const ScheduleCursor copy = seldom;
    REQUIRE(ScheduleCursor(copy).in_force(now) == seldom.in_force(now));
  }
  CHECK(changes_of(pulsing(1s, 1s, 1s, 1), 9) != changes_of(pulsing(1s, 1s, 1s, 2), 9));
  CHECK(changes_of(by_chance(1s, 1s, 1), 9) != changes_of(by_chance(1s, 1s, 2), 9));
}

TEST_CASE("a time window is open from `after` to `until`", "[schedule]") {
  const TimeWindow window{.after = 2s, .until = 5s};
  CHECK_FALSE(window.in_force(kMade, kMade + 2s - 1ns));
  CHECK(window.in_force(kMade, kMade + 2s));
  CHECK(window.in_force(kMade, kMade + 5s - 1ns));
  CHECK_FALSE(window.in_force(kMade, kMade + 5s));
  CHECK(window.next_change(kMade, kMade) == kMade + 2s);
  CHECK(window.next_change(kMade, kMade + 2s) == kMade + 5s);
  CHECK(window.next_change(kMade, kMade + 5s) == kNever);
}

TEST_CASE("a time window without an end stays open, an empty one never opens", "[schedule]") {
  const TimeWindow always;
  CHECK(always.in_force(kMade, kMade));
  CHECK(always.next_change(kMade, kMade) == kNever);
  const TimeWindow late{.after = 2s};
  CHECK(late.next_change(kMade, kMade) == kMade + 2s);
  CHECK(late.next_change(kMade, kMade + 2s) == kNever);
  CHECK(late.in_force(kMade, kMade + 24h));
  const TimeWindow empty{.after = 2s, .until = 2s};
  CHECK_FALSE(empty.in_force(kMade, kMade + 2s));
  CHECK(empty.next_change(kMade, kMade) == kNever);
  const TimeWindow never{.after = Duration::max()};
  CHECK_FALSE(never.in_force(kMade, kMade + kLongest));
  CHECK(never.next_change(kMade, kMade) == kNever);
}

TEST_CASE("a count covers those behind some, the first of these, and each so many-eth of these",
          "[schedule]") {
  const auto covered = [](ConnectionCount count) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < 8; ++i) {
      if (count.covers(i)) all.push_back(i + 1);
    }
    return all;
  };
  using Numbers = std::vector<std::uint64_t>;
  CHECK(covered({}) == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(covered({.first = 3}) == Numbers{1, 2, 3});
  CHECK(covered({.every = 1}) == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(covered({.every = 3}) == Numbers{3, 6});
  CHECK(covered({.first = 5, .every = 2}) == Numbers{2, 4});
  CHECK(covered({.after = 5}) == Numbers{6, 7, 8});
  CHECK(covered({.after = 2, .first = 3}) == Numbers{3, 4, 5});
  CHECK(covered({.after = 1, .first = 5, .every = 2}) == Numbers{3, 5});
  CHECK_FALSE(ConnectionCount{.after = UINT64_MAX}.covers(UINT64_MAX - 1));
  CHECK_FALSE(ConnectionCount{.first = 0, .every = UINT64_MAX}.covers(0));
}

}  // namespace
}  // namespace faultline
