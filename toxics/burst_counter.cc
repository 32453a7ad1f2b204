#include "toxics/burst_counter.h"

#include <algorithm>

namespace faultline {

namespace {

constexpr Duration kGap = std::chrono::milliseconds(5);
constexpr Duration kLongestBurst = std::chrono::seconds(1);

}  // namespace

Burst BurstCounter::at(TimePoint now, bool is_idle) {
  const bool paused = now - last_arrival_ >= kGap;
  if ((is_idle && (paused || turned_)) || now - burst_start_ >= kLongestBurst) {
    burst_start_ = now;
    ++burst_.of_link;
    const std::uint32_t next = burst_.of_connection + 1;
    const bool answers = direction_ == Direction::kDownstream;
    burst_.of_connection = std::max(next, answers ? asked_ : asked_ + 1);
  }
  last_arrival_ = now;
  turned_ = false;
  return burst_;
}

void BurstCounter::note_turn(const BurstCounter& other) {
  turned_ = true;
  asked_ = other.burst_.of_connection;
}

}  // namespace faultline
