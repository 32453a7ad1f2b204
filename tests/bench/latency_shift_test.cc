#include "bench/latency_shift.h"

#include <catch2/catch.hpp>

namespace faultline::bench {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{};
constexpr TimePoint kMoment = kStart + 1s;
constexpr TimePoint kEnd = kStart + 2s;

/// One message each millisecond of two seconds, each taking 2 ms before the moment and 3 ms after.
std::vector<Echo> steady_echoes() {
  std::vector<Echo> echoes;
  for (int i = 0; i < 2'000; ++i) {
    const TimePoint sent = kStart + i * 1ms;
    echoes.push_back({sent, sent + (sent < kMoment ? 2ms : 3ms)});
  }
  return echoes;
}

}  // namespace

TEST_CASE("what was sent from the moment on counts as after it", "[latency_shift]") {
  const auto shift = shift_at(kMoment, kStart, kEnd, steady_echoes());
  REQUIRE(shift);
  CHECK(shift->before_ms == 2);
  CHECK(shift->after_ms == 3);
  CHECK(shift->moved_ms() == 1);
  CHECK(shift->hiccup_ms == 3);
}

TEST_CASE("a hiccup is of who was under way at the moment or soon after it", "[latency_shift]") {
  std::vector<Echo> echoes = steady_echoes();
  const auto hiccup_with = [&](TimePoint sent, Duration took) {
    std::vector<Echo> more = echoes;
    more.push_back({sent, sent + took});
    return shift_at(kMoment, kStart, kEnd, more)->hiccup_ms;
  };
  CHECK(hiccup_with(kMoment - 5ms, 20ms) == 20);
  CHECK(hiccup_with(kMoment + 99ms, 20ms) == 20);
  CHECK(hiccup_with(kMoment - 30ms, 20ms) == 3);   // It was back.
  CHECK(hiccup_with(kMoment + 100ms, 20ms) == 3);  // Another's doing.
}

TEST_CASE("a hundredth that is slower moves the p99, one message does not", "[latency_shift]") {
  std::vector<Echo> echoes = steady_echoes();
  echoes.back().back = echoes.back().sent + 40ms;
  CHECK(shift_at(kMoment, kStart, kEnd, echoes)->after_ms == 3);
  for (std::size_t i = 1'000; i < 1'011; ++i) echoes[i].back = echoes[i].sent + 40ms;
  CHECK(shift_at(kMoment, kStart, kEnd, echoes)->after_ms == 40);
}

TEST_CASE("without messages on both sides nothing can be said", "[latency_shift]") {
  CHECK_FALSE(shift_at(kEnd, kStart, kEnd, steady_echoes()));
  CHECK_FALSE(shift_at(kStart, kStart, kEnd, steady_echoes()));
}

}  // namespace faultline::bench
