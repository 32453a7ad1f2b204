#include "bench/change_effect.h"

#include <algorithm>
#include <utility>

#include "bench/metric.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kAboutTheSameTime = 25ms;

}  // namespace

UsualDelay::UsualDelay(std::vector<Echo> untouched) : untouched_(std::move(untouched)) {
  std::sort(untouched_.begin(), untouched_.end(),
            [](const Echo& a, const Echo& b) { return a.sent < b.sent; });
}

Duration UsualDelay::at(TimePoint sent) const {
  auto echo = std::lower_bound(untouched_.begin(), untouched_.end(), sent - kAboutTheSameTime,
                               [](const Echo& each, TimePoint time) { return each.sent < time; });
  Duration slowest{};
  for (; echo != untouched_.end() && echo->sent <= sent + kAboutTheSameTime; ++echo) {
    slowest = std::max(slowest, echo->back - echo->sent);
  }
  return slowest;
}

void Effect::add(Duration reply, Duration effect, std::size_t seen_by_it) {
  reply_ms.push_back(milliseconds(reply));
  effect_ms.push_back(milliseconds(effect));
  seen = std::min(seen, seen_by_it);
}

void judge_add(const Change& change, const std::vector<Echo>& echoes, Duration latency,
               Effect& effect) {
  TimePoint last_untouched = change.add_called;
  std::size_t seen = 0;
  for (const Echo& echo : echoes) {
    // What the removal let go early proves nothing.
    if (echo.sent < change.add_called || echo.back >= change.remove_called) continue;
    const bool is_after = echo.sent > change.add_answered;
    if (is_after) ++seen;
    if (echo.back - echo.sent >= latency) continue;
    last_untouched = std::max(last_untouched, echo.sent);
    if (is_after) ++effect.missed;
  }
  effect.add(change.add_answered - change.add_called, last_untouched - change.add_called, seen);
}

void judge_remove(const Change& change, const std::vector<Echo>& echoes, Duration latency,
                  const UsualDelay& usual, Effect& effect) {
  TimePoint last_held = change.remove_called;
  std::size_t seen = 0;
  for (const Echo& echo : echoes) {
    if (echo.back < change.remove_called || echo.sent >= change.next_called) continue;
    if (echo.sent < change.remove_called) last_held = std::max(last_held, echo.back);
    if (echo.sent <= change.remove_answered || echo.back >= change.next_called) continue;
    // Where all messages are that late, one that is late proves nothing.
    if (usual.at(echo.sent) >= latency / 2) continue;
    ++seen;
    if (echo.back - echo.sent >= latency) ++effect.missed;
  }
  effect.add(change.remove_answered - change.remove_called, last_held - change.remove_called, seen);
}

Effect both(Effect all, const Effect& other) {
  all.reply_ms.insert(all.reply_ms.end(), other.reply_ms.begin(), other.reply_ms.end());
  all.effect_ms.insert(all.effect_ms.end(), other.effect_ms.begin(), other.effect_ms.end());
  all.missed += other.missed;
  all.seen = std::min(all.seen, other.seen);
  return all;
}

}  // namespace faultline::bench
