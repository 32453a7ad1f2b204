#include "toxics/bottleneck.h"

#include <algorithm>
#include <ratio>

namespace faultline {

namespace {

constexpr std::uint64_t kLeastQueue = 64 * 1024;

}  // namespace

Bottleneck::Bottleneck(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt)
    : rate_(bytes_per_second) {
  if (rate_ == 0) return;
  longest_wait_ = queue_bytes > 0 ? time_for(queue_bytes) : std::max(rtt, time_for(kLeastQueue));
}

std::optional<TimePoint> Bottleneck::transmit(std::size_t bytes, TimePoint at) {
  if (rate_ == 0) return at;
  const TimePoint begins = std::max(at, free_at_);
  if (begins - at > longest_wait_) return std::nullopt;
  free_at_ = after(begins, time_for(bytes));
  return free_at_;
}

Duration Bottleneck::time_for(std::uint64_t bytes) const {
  const auto wait = static_cast<unsigned __int128>(bytes) * std::nano::den / rate_;
  const auto longest = static_cast<unsigned __int128>(kLongest.count());
  return Duration(static_cast<std::int64_t>(std::min(wait, longest)));
}

}  // namespace faultline
