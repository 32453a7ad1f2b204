#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace faultline {

/// What one toxic shares between all links of its proxy, whichever thread they
/// are on: a cable that carries one piece at a time, first come, first served.
class SharedLine {
 public:
  /// Takes the cable for `length`, from `ready` on or when those before are
  /// through. Returns when that is over. Time that nobody took is not saved up.
  TimePoint reserve(TimePoint ready, Duration length) {
    TimePoint busy_until = busy_until_.load(std::memory_order_relaxed);
    for (;;) {
      const TimePoint end = after(std::max(ready, busy_until), length);
      if (busy_until_.compare_exchange_weak(busy_until, end, std::memory_order_relaxed)) return end;
    }
  }

  void join() { links_.fetch_add(1, std::memory_order_relaxed); }
  void leave() { links_.fetch_sub(1, std::memory_order_relaxed); }

  /// How many have joined and not left: those that have something to send.
  std::uint64_t links() const { return links_.load(std::memory_order_relaxed); }

 private:
  std::atomic<TimePoint> busy_until_{TimePoint::min()};
  std::atomic<std::uint64_t> links_{0};
};

}  // namespace faultline
