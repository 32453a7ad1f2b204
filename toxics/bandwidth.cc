#include "toxics/bandwidth.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// How much a gate makes up for that was looked at late, or whose link could not send.
constexpr Duration kMostCatchUp = std::chrono::milliseconds(100);

/// What passes a gate before it closes, at least: less would cost a timer each.
constexpr Duration kAtOnce = std::chrono::milliseconds(1);

}  // namespace

Bandwidth::Bandwidth(Rate rate) : rate_(rate), piece_bytes_(rate.piece()) {}

void Bandwidth::on_start(TimePoint now, Outlet& /*out*/) {
  busy_since_ = now;
  ran_dry_ = true;
}

void Bandwidth::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (rate_.is_zero()) {
    out.send(std::move(chunk), kNever);
    return;
  }
  if (arrived > transmitted(busy_bytes_)) {
    busy_since_ = arrived;
    busy_bytes_ = 0;
  }
  while (chunk.size() > piece_bytes_) {
    busy_bytes_ += piece_bytes_;
    out.send(chunk.take_front(piece_bytes_), transmitted(busy_bytes_));
  }
  busy_bytes_ += chunk.size();
  out.send(std::move(chunk), transmitted(busy_bytes_));
}

TimePoint Bandwidth::opens_at() const {
  return transmitted(busy_bytes_);
}

std::size_t Bandwidth::allowance(TimePoint now) {
  TimePoint idle_since = transmitted(busy_bytes_);
  if (idle_since > now) {
    ran_dry_ = false;  // There is more, and in time.
    return 0;
  }
  // Time in which there was nothing to pass is lost, and so is too long a wait for anything else.
  if (ran_dry_ || now - idle_since > kMostCatchUp) {
    busy_since_ = idle_since = ran_dry_ ? now : now - kMostCatchUp;
    busy_bytes_ = 0;
    ran_dry_ = false;
  }
  const std::uint64_t at_once = std::max<std::uint64_t>(piece_bytes_, rate_.bytes_in(kAtOnce));
  return at_once + rate_.bytes_in(now - idle_since);
}

void Bandwidth::on_passed(std::size_t bytes, bool ran_dry) {
  busy_bytes_ += bytes;
  ran_dry_ = ran_dry;
}

TimePoint Bandwidth::transmitted(std::uint64_t end) const {
  return after(busy_since_, rate_.time_for(end));
}

}  // namespace faultline
