#include "bench/truth/link_direction.h"

#include <algorithm>
#include <utility>

#include "base/verify.h"

namespace faultline::bench::truth {

TimePoint LinkDirection::transmit(TimePoint now, std::size_t size) {
  if (settings_.bytes_per_second <= 0) return now;
  const auto time_of = [&](std::size_t bytes) {
    return Duration(static_cast<std::int64_t>(double(bytes) / settings_.bytes_per_second * 1e9));
  };
  const TimePoint start = std::max(now, line_is_free_);
  if (settings_.queue_bytes > 0 && start - now + time_of(size) > time_of(settings_.queue_bytes)) {
    return kNever;
  }
  return line_is_free_ = start + time_of(size);
}

LinkDirection::Fate LinkDirection::offer(TimePoint now, std::vector<char> packet) {
  if (held_.size() >= settings_.most_held) return Fate::kOverflow;
  const TimePoint sent = transmit(now, packet.size());
  if (sent == kNever) return Fate::kQueueFull;
  if (losses_.next_is_lost()) return Fate::kLost;
  held_.push_back({.due = sent + settings_.delay, .bytes = std::move(packet)});
  return Fate::kCarried;
}

LinkDirection::Packet LinkDirection::take() {
  VERIFY(!held_.empty());
  Packet packet = std::move(held_.front());
  held_.pop_front();
  return packet;
}

}  // namespace faultline::bench::truth
