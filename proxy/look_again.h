#pragma once

#include <algorithm>

#include "base/time.h"

namespace faultline {

/// When to look next, who looks at `now`, at what began then and is awaited: soon at first, and
/// the longer it takes the more seldom. So a time is known to about a tenth.
inline TimePoint look_again(TimePoint began, TimePoint now) {
  constexpr Duration kSoonest = std::chrono::milliseconds(1);
  constexpr Duration kLatest = std::chrono::milliseconds(50);
  return now + std::clamp<Duration>((now - began) / 10, kSoonest, kLatest);
}

}  // namespace faultline
