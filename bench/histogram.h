#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace faultline::bench {

/// Latencies, to within 1 % of each, from a nanosecond to minutes.
///
/// Buckets as floating point numbers have them: 128 to each power of two. An
/// entry costs one increment; memory does not grow.
class LatencyHistogram {
 public:
  /// A negative latency counts as 0.
  void record(Duration latency);

  std::uint64_t count() const { return count_; }

  /// The latency that a share of `share` (0 to 1) does not exceed; 0 without entries.
  Duration quantile(double share) const;

 private:
  static constexpr unsigned kBitsEach = 7;
  static constexpr std::uint64_t kEach = 1U << kBitsEach;
  static constexpr std::size_t kBuckets = (40 - kBitsEach) << kBitsEach;  // Up to 2^39 ns.

  static std::size_t bucket_of(std::uint64_t nanoseconds);
  static std::uint64_t middle_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace faultline::bench
