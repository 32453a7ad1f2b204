#pragma once

#include <cstdint>

#include "toxics/rate.h"
#include "toxics/toxic.h"

namespace faultline {

/// Lets bytes through at a steady rate, as a slow cable would.
///
/// A byte leaves when it has been transmitted. Idle time is not saved up: no
/// burst follows a pause. At rate 0 nothing passes and nothing is lost: the
/// sender is held back, and what was held goes on once the toxic is removed
/// or given a rate.
///
/// A fast one does not hold bytes: it is a gate that opens when what has passed
/// would have been transmitted, so a piece is up to 7 ms early and the rate as
/// exact. (The kernel's own pacing, SO_MAX_PACING_RATE, was measured beside it:
/// it lets the first ten segments go unpaced, on loopback 650 KB, and does not
/// make up for a timer that was late.)
class Bandwidth final : public Toxic, Gate {
 public:
  explicit Bandwidth(Rate rate);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  std::size_t window() const override { return rate_.window(); }
  bool sees_bytes() const override { return !rate_.is_fast(); }
  Gate* gate() override { return rate_.is_fast() ? this : nullptr; }

 private:
  TimePoint opens_at() const override;
  std::size_t allowance(TimePoint now) override;
  void on_passed(std::size_t bytes, bool ran_dry) override;

  /// When the byte before `end`, counted from busy_since_, has been transmitted.
  TimePoint transmitted(std::uint64_t end) const;

  const Rate rate_;
  const std::size_t piece_bytes_;  ///< What is sent at once: about 10 ms' worth.
  TimePoint busy_since_{};         ///< The cable has been busy from here...
  std::uint64_t busy_bytes_ = 0;   ///< ...with so many bytes: no rounding adds up.
  bool ran_dry_ = true;            ///< There was nothing more to pass the gate.
};

}  // namespace faultline
