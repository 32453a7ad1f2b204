#include "toxics/round_trip.h"

#include <algorithm>

namespace faultline {

namespace {

constexpr Duration kUnknownTimeout = std::chrono::seconds(3);
constexpr Duration kLongestSample = std::chrono::hours(24);
constexpr std::int64_t kFinestSlots = 63;
constexpr std::int64_t kCoarser = 8;

}  // namespace

RoundTrip::RoundTrip(Duration first, Duration phase)
    : phase_(phase), smoothed_(first), deviation_(first / 2), least_(first) {}

void RoundTrip::add_sample(Duration rtt) {
  rtt = std::min(rtt, kLongestSample);
  if (!is_known()) {
    smoothed_ = least_ = rtt;
    deviation_ = rtt / 2;
    return;
  }
  const Duration error = rtt - smoothed_;
  smoothed_ += error / 8;
  deviation_ += (std::max(error, -error) - deviation_) / 4;
  least_ = std::min(least_, rtt);
}

Duration RoundTrip::timeout() const {
  return is_known() ? smoothed_ + std::max(kLeastWait, 4 * deviation_) : kUnknownTimeout;
}

TimePoint RoundTrip::tick(TimePoint now) const {
  return now - (now.time_since_epoch() + phase_) % kTick;
}

TimePoint RoundTrip::timer(TimePoint now, Duration wait) const {
  const std::int64_t tick = (now.time_since_epoch() + phase_) / kTick;
  // One more, even if `wait` is a whole number: what it was computed from, a
  // measured RTT, always has a little on top.
  const std::int64_t ticks = std::max(wait, Duration(0)) / kTick + 1;
  std::int64_t slot = 1;
  while (ticks >= kFinestSlots * slot) slot *= kCoarser;
  return TimePoint(((tick + ticks) / slot + 1) * slot * kTick - phase_);
}

}  // namespace faultline
