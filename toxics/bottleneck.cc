#include "toxics/bottleneck.h"

#include <algorithm>
#include <ratio>

namespace faultline {

namespace {

constexpr std::uint64_t kLeastQueue = 64 * 1024;

}  // namespace

Bottleneck::Bottleneck(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt) {
  set(bytes_per_second, queue_bytes, rtt);
}

double Bottleneck::change(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt,
                          TimePoint now) {
  double times = 0;  // Without a limit nothing waits.
  if (bytes_per_second > 0) {
    times = rate_ > 0 ? static_cast<double>(rate_) / static_cast<double>(bytes_per_second) : 1;
  }
  if (free_at_ > now) free_at_ = after(now, scaled(free_at_ - now, times));
  set(bytes_per_second, queue_bytes, rtt);
  return times;
}

void Bottleneck::set(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt) {
  rate_ = bytes_per_second;
  longest_wait_ = Duration(0);
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
