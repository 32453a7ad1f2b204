#include "toxics/toxic_counters.h"

#include <algorithm>

namespace faultline {

namespace {

constexpr double kNanoseconds = 1e9;  // In a second.

}  // namespace

void DurationHistogram::record(Duration duration) {
  const double seconds = static_cast<double>(duration.count()) / kNanoseconds;
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  count(counts_[static_cast<std::size_t>(bucket)]);
  sum_nanoseconds_.store(sum_nanoseconds_.load(std::memory_order_relaxed) + duration.count(),
                         std::memory_order_relaxed);
}

DurationHistogram::Snapshot DurationHistogram::snapshot() const {
  Snapshot copy;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    copy.counts[i] = counts_[i].load(std::memory_order_relaxed);
  }
  copy.sum_seconds =
      static_cast<double>(sum_nanoseconds_.load(std::memory_order_relaxed)) / kNanoseconds;
  return copy;
}

void DurationHistogram::Snapshot::add(const Snapshot& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum_seconds += other.sum_seconds;
}

}  // namespace faultline
