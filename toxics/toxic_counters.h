#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace faultline {

/// Counts durations in fixed buckets. Written by one thread, read by any.
class DurationHistogram {
 public:
  static constexpr std::size_t kBuckets = 20;
  /// Upper bounds in seconds, 10 us to 60 s; a last bucket takes the rest.
  static constexpr std::array<double, kBuckets> kBounds = {
      1e-5,  2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01,
      0.025, 0.05,   0.1,  0.25, 0.5,    1,    2.5,  5,      10,   60};

  /// A copy that can be added up and printed.
  struct Snapshot {
    std::array<std::uint64_t, kBuckets + 1> counts{};  ///< Not cumulative; the last is +Inf.
    double sum_seconds = 0;

    void add(const Snapshot& other);
  };

  void record(Duration duration);
  Snapshot snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets + 1> counts_{};
  std::atomic<std::int64_t> sum_nanoseconds_{0};
};

/// What one toxic has done on the links of one worker. Written by that worker.
struct ToxicCounters {
  std::atomic<std::uint64_t> connections{0};  ///< Links it has been put on.
  std::atomic<std::uint64_t> met{0};      ///< Connections it has looked at while it was in force.
  std::atomic<std::uint64_t> matched{0};  ///< Of these: its match and its draws chose them.
  /// Of these: it has really done something to them. It has held back, swallowed,
  /// cut or changed bytes or an end, or has put packet filters, windows or another
  /// reception in force.
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::uint64_t> delayed_bytes{0};  ///< It has held back.
  /// It has swallowed; without those lost with a connection that it has reset.
  std::atomic<std::uint64_t> dropped_bytes{0};
  DurationHistogram delay;  ///< For each chunk that left it: how long it was to be held.
  DurationHistogram error;  ///< ... and how much later than asked it really left.
};

/// Adds to a counter that has one writer: cheaper than an atomic addition.
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace faultline
