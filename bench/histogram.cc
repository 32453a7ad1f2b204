#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace faultline::bench {

// A value of w bits, w > kBitsEach, lies in row w - kBitsEach of kEach buckets,
// at the place its kBitsEach bits after the leading one say. Row 0 is exact.

std::size_t LatencyHistogram::bucket_of(std::uint64_t nanoseconds) {
  if (nanoseconds < kEach) return nanoseconds;
  const unsigned row = static_cast<unsigned>(std::bit_width(nanoseconds)) - kBitsEach;
  const std::uint64_t place = (nanoseconds >> (row - 1)) - kEach;
  return std::min<std::size_t>((std::size_t{row} << kBitsEach) + place, kBuckets - 1);
}

std::uint64_t LatencyHistogram::middle_of(std::size_t bucket) {
  const std::size_t row = bucket >> kBitsEach;
  if (row == 0) return bucket;
  const std::uint64_t place = bucket & (kEach - 1);
  const std::uint64_t width = std::uint64_t{1} << (row - 1);
  return (kEach + place) * width + width / 2;
}

void LatencyHistogram::record(Duration latency) {
  ++counts_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)))];
  ++count_;
}

Duration LatencyHistogram::quantile(double share) const {
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * double(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return Duration(middle_of(bucket));
  }
  return Duration(0);
}

}  // namespace faultline::bench
