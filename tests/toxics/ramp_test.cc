#include "toxics/ramp.h"

#include <catch2/catch.hpp>

#include "base/random.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin = TimePoint(std::chrono::hours(1));

TEST_CASE("a ramp goes in even steps from one value exactly to the other", "[ramp]") {
  const Ramp ramp{.from = 100, .to = 0, .over = 1s};
  CHECK(ramp.last_step() == 10);
  CHECK(ramp.step(0ms) == 0);
  CHECK(ramp.step(100ms - 1ns) == 0);
  CHECK(ramp.step(100ms) == 1);
  CHECK(ramp.step(1s - 1ns) == 9);
  CHECK(ramp.step(1s) == 10);
  CHECK(ramp.step(24h) == 10);
  CHECK(ramp.value_at_step(0) == 100);
  CHECK(ramp.value_at_step(5) == Approx(50));
  CHECK(ramp.value_at_step(10) == 0);
  CHECK(ramp.value_at_step(UINT64_MAX) == 0);
  CHECK(ramp.next_change(kBegin, kBegin) == kBegin + 100ms);
  CHECK(ramp.next_change(kBegin, kBegin + 950ms) == kBegin + 1s);
  CHECK(ramp.next_change(kBegin, kBegin + 1s) == kNever);
}

TEST_CASE("the ends of a ramp are exact, though its values are not round", "[ramp]") {
  const Ramp ramp{.from = 0.1, .to = 0.7, .over = 700ms};
  CHECK(ramp.value_at_step(ramp.step(-1h)) == 0.1);
  CHECK(ramp.value_at_step(ramp.step(700ms)) == 0.7);
}

TEST_CASE("a ramp over no time is over at once", "[ramp]") {
  const Duration over = GENERATE(Duration(0), Duration(-1), Duration::min());
  const Ramp ramp{.from = 1, .to = 2, .over = over};
  CHECK(ramp.value_at_step(ramp.step(0ms)) == 2);
  CHECK(ramp.value_at_step(ramp.step(-1h)) == 2);
  CHECK(ramp.next_change(kBegin, kBegin) == kNever);
}

TEST_CASE("a ramp has few steps, none short, and each begins when it is said to", "[ramp]") {
  const Duration over =
      GENERATE(Duration(1), Duration(99ms), Duration(199ms), Duration(250ms), Duration(7s + 1ns),
               Duration(20s), Duration(20s + 1ns), Duration(1h), Duration(kLongest));
  const Ramp ramp{.from = -3, .to = 5, .over = over};
  TimePoint now = kBegin;
  std::uint64_t steps = 0;
  double value = ramp.value_at_step(0);
  for (;;) {
    REQUIRE(ramp.step(now - kBegin) == steps);
    const TimePoint next = ramp.next_change(kBegin, now);
    if (next == kNever) break;
    REQUIRE(next - now >= std::min<Duration>(100ms, over));
    REQUIRE(ramp.step(next - 1ns - kBegin) == steps);
    ++steps;
    REQUIRE(ramp.value_at_step(steps) > value);
    value = ramp.value_at_step(steps);
    now = next;
  }
  CHECK(steps == ramp.last_step());
  CHECK(steps >= 1);
  CHECK(steps <= Ramp::kMostSteps);
  CHECK(now == kBegin + over);
  CHECK(value == 5);
}

}  // namespace
}  // namespace faultline
