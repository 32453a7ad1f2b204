#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "bench/change_effect.h"

namespace faultline::bench {

/// What messages took before and after a moment.
struct LatencyShift {
  double before_ms = 0;  ///< p99 of those sent before it,
  double after_ms = 0;   ///< and of those sent from it on.
  double hiccup_ms = 0;  ///< The longest of those under way at any time in the 100 ms after it.

  double moved_ms() const { return after_ms - before_ms; }
};

/// Of those sent in [from, moment) and in [moment, until). None if there were
/// none in either.
std::optional<LatencyShift> shift_at(TimePoint moment, TimePoint from, TimePoint until,
                                     const std::vector<Echo>& echoes);

}  // namespace faultline::bench
