#pragma once

#include "base/time.h"

namespace faultline {

/// What a simulated TCP sender knows about the round-trip time (RFC 6298, with
/// Linux's least wait of 200 ms), and the clock its timers run by.
class RoundTrip {
 public:
  static constexpr Duration kLeastWait = std::chrono::milliseconds(200);
  static constexpr Duration kTick = std::chrono::milliseconds(4);

  /// `first`: as the handshake measured it; negative if it did not, for the
  /// handshake was retried. `phase`: how far the clock is into a tick at time 0.
  RoundTrip(Duration first, Duration phase);

  void add_sample(Duration rtt);
  bool is_known() const { return smoothed_ >= Duration(0); }
  Duration smoothed() const { return smoothed_; }  ///< REQUIRES: is_known().
  Duration least() const { return least_; }        ///< REQUIRES: is_known().

  /// The retransmission timeout: srtt + max(200 ms, 4 rttvar), before any doubling.
  Duration timeout() const;

  /// When the tick of the clock that `now` is in began.
  TimePoint tick(TimePoint now) const;

  /// When a timer set at `now` for `wait` goes off. Linux (250 Hz) counts whole
  /// ticks, starts with the next one, and rounds up to 8 ticks what is 63 or
  /// more, to 64 from 504 on, and so on.
  TimePoint timer(TimePoint now, Duration wait) const;

 private:
  const Duration phase_;
  Duration smoothed_;
  Duration deviation_{0};
  Duration least_;
};

}  // namespace faultline
