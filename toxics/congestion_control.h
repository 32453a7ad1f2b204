#pragma once

#include <cstdint>

#include "base/time.h"

namespace faultline {

/// How many packets a simulated TCP sender may have on the path: slow start,
/// and CUBIC (RFC 9438) or Reno (RFC 5681) after it, in whole packets and with
/// the roundings of Linux, which matter where windows are a few packets.
class CongestionControl {
 public:
  enum class Algorithm { kCubic, kReno };

  static constexpr std::uint64_t kInitialWindow = 10;

  /// The window grows to `most_packets` at most.
  CongestionControl(Algorithm algorithm, std::uint64_t most_packets);

  std::uint64_t window() const { return window_; }
  std::uint64_t threshold() const { return threshold_; }
  /// Whether slow start is to end when delays grow or acks come in long trains.
  bool has_hystart() const { return algorithm_ == Algorithm::kCubic; }
  bool in_slow_start() const { return window_ < threshold_; }

  /// So many packets were acknowledged, and the window was what limited the
  /// sender. `now` is by the sender's clock, in whole ticks.
  void grow(std::uint64_t packets, TimePoint now, Duration min_rtt);

  /// A loss: makes the threshold what the window is to fall to.
  void cut_threshold();
  void set_window(std::uint64_t packets);
  void end_slow_start() { threshold_ = window_; }
  /// The loss was none after all.
  void restore(std::uint64_t window, std::uint64_t threshold);

  /// A timeout: what was learned about the path is forgotten.
  void forget();

  /// Nothing was sent for `idle`: the window halves for each `rto` of it (RFC
  /// 2861), not below the initial one.
  void rest(Duration idle, Duration rto);

 private:
  void update_pace(std::uint64_t packets, TimePoint now, Duration min_rtt);
  void begin_epoch(std::uint64_t packets, TimePoint now);
  std::uint64_t cubic_pace(TimePoint now, Duration min_rtt) const;

  const Algorithm algorithm_;
  const std::uint64_t most_;
  std::uint64_t window_ = kInitialWindow;
  std::uint64_t threshold_ = UINT64_MAX;
  std::uint64_t credit_ = 0;  // Acknowledged since the window last grew by one.

  // CUBIC: the window aims at peak_ + 0.4 (t - seconds_to_peak_)^3, t from the epoch's start.
  bool in_epoch_ = false;
  TimePoint epoch_start_{};
  TimePoint aimed_at_{};
  std::uint64_t last_peak_ = 0;  // The window before the last loss, or somewhat less; 0: unknown.
  std::uint64_t peak_ = 0;
  double seconds_to_peak_ = 0;
  std::uint64_t pace_ = 0;         // Acknowledged packets for one more.
  std::uint64_t aimed_with_ = 0;   // The window when pace_ was computed.
  std::uint64_t reno_window_ = 0;  // What Reno would have: CUBIC is never slower.
  std::uint64_t reno_credit_ = 0;
};

}  // namespace faultline
