#pragma once

#include <cstdint>

#include "base/time.h"

namespace faultline {

/// A number that moves from one value to another over time: a link that gets
/// slower and slower.
///
/// It moves in steps, for each is a change of a toxic's settings: at most
/// kMostSteps of them, of kShortestStep or more (but no longer than the whole).
struct Ramp {
  static constexpr std::uint64_t kMostSteps = 200;
  static constexpr Duration kShortestStep = std::chrono::milliseconds(100);

  double from = 0;
  double to = 0;
  Duration over{0};  ///< 0 or less: it is `to` at once.

  /// How many changes there are: step 0 is `from`, this one is `to`.
  std::uint64_t last_step() const;

  /// Which step it is so long after the start, from 0 to last_step().
  std::uint64_t step(Duration since_start) const;

  /// `from` at step 0, exactly `to` at the last one, evenly spread between.
  double value_at_step(std::uint64_t step) const;

  /// When the step after that of `now` begins; kNever if it is the last.
  TimePoint next_change(TimePoint start, TimePoint now) const;

  bool operator==(const Ramp&) const = default;

 private:
  Duration starts_after(std::uint64_t step) const;
};

}  // namespace faultline
