#include "toxics/congestion_control.h"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

constexpr std::uint64_t kLeastWindow = 2;
constexpr double kCubicBeta = 717.0 / 1024;
constexpr double kCubicScale = 0.4;

/// Reno grows by a packet for each window acknowledged; to be as fast with a
/// cut of x0.7 takes one for 1.89 windows.
constexpr std::uint64_t kRenoPaceEighths = 15;  // 1.89 * 8, rounded down.

constexpr std::uint64_t kSlowestPace = 100;     // Windows for one packet more.
constexpr std::uint64_t kUnknownPeakPace = 20;  // Acknowledged for one packet more, at most.
constexpr std::uint64_t kFastestPace = 2;

/// Linux computes a pace once for all acks of so long, while the window is the same.
constexpr Duration kAimsFor = std::chrono::microseconds(31250);

}  // namespace

CongestionControl::CongestionControl(Algorithm algorithm, std::uint64_t most_packets)
    : algorithm_(algorithm), most_(std::max(most_packets, kInitialWindow)) {}

void CongestionControl::grow(std::uint64_t packets, TimePoint now, Duration min_rtt) {
  if (in_slow_start()) {
    const std::uint64_t window = std::min(window_ + packets, threshold_);
    packets -= window - window_;
    set_window(window);
    if (packets == 0) return;
  }
  update_pace(packets, now, min_rtt);
  if (credit_ >= pace_) {  // It was slower before.
    credit_ = 0;
    set_window(window_ + 1);
  }
  credit_ += packets;
  set_window(window_ + credit_ / pace_);
  credit_ %= pace_;
}

void CongestionControl::update_pace(std::uint64_t packets, TimePoint now, Duration min_rtt) {
  if (algorithm_ == Algorithm::kReno) {
    pace_ = window_;
    return;
  }
  reno_credit_ += packets;
  if (window_ == aimed_with_ && now - aimed_at_ <= kAimsFor) return;
  if (!in_epoch_ || now != aimed_at_) {
    aimed_with_ = window_;
    aimed_at_ = now;
    if (!in_epoch_) begin_epoch(packets, now);
    pace_ = cubic_pace(now, min_rtt);
  }
  const std::uint64_t reno_pace = window_ * kRenoPaceEighths / 8;
  for (; reno_credit_ > reno_pace; reno_credit_ -= reno_pace) ++reno_window_;
  if (reno_window_ > window_) pace_ = std::min(pace_, window_ / (reno_window_ - window_));
  pace_ = std::max(pace_, kFastestPace);
}

void CongestionControl::begin_epoch(std::uint64_t packets, TimePoint now) {
  in_epoch_ = true;
  epoch_start_ = now;
  reno_window_ = window_;
  reno_credit_ = packets;
  const bool below = window_ < last_peak_;
  peak_ = below ? last_peak_ : window_;
  seconds_to_peak_ = below ? std::cbrt(static_cast<double>(last_peak_ - window_) / kCubicScale) : 0;
}

std::uint64_t CongestionControl::cubic_pace(TimePoint now, Duration min_rtt) const {
  const double seconds = std::chrono::duration<double>(now - epoch_start_ + min_rtt).count();
  const double distance = kCubicScale * std::pow(std::abs(seconds - seconds_to_peak_), 3);
  const auto packets = static_cast<std::uint64_t>(std::min(distance, 1e15));
  const std::uint64_t aim =
      seconds < seconds_to_peak_ ? peak_ - std::min(packets, peak_) : peak_ + packets;
  const std::uint64_t pace = aim > window_ ? window_ / (aim - window_) : kSlowestPace * window_;
  return last_peak_ == 0 ? std::min(pace, kUnknownPeakPace) : pace;
}

void CongestionControl::cut_threshold() {
  in_epoch_ = false;
  credit_ = 0;
  if (algorithm_ == Algorithm::kReno) {
    threshold_ = std::max(window_ / 2, kLeastWindow);
    return;
  }
  const auto window = static_cast<double>(window_);
  // A second loss below the last peak: others want a share, so aim lower.
  last_peak_ =
      window_ < last_peak_ ? static_cast<std::uint64_t>(window * (1 + kCubicBeta) / 2) : window_;
  threshold_ = std::max(static_cast<std::uint64_t>(window * kCubicBeta), kLeastWindow);
}

void CongestionControl::set_window(std::uint64_t packets) {
  window_ = std::clamp<std::uint64_t>(packets, 1, most_);
}

void CongestionControl::restore(std::uint64_t window, std::uint64_t threshold) {
  set_window(std::max(window_, window));
  threshold_ = threshold;
}

void CongestionControl::forget() {
  in_epoch_ = false;
  aimed_with_ = 0;
  last_peak_ = 0;
  credit_ = 0;
}

void CongestionControl::rest(Duration idle, Duration rto) {
  epoch_start_ += idle;  // The aim does not move on while nothing is tried.
  if (threshold_ != UINT64_MAX) threshold_ = std::max(threshold_, window_ * 3 / 4);
  for (; idle > rto && window_ > kInitialWindow; idle -= rto) {
    window_ = std::max(window_ / 2, kInitialWindow);
  }
  credit_ = 0;
}

}  // namespace faultline
