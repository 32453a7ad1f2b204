#pragma once

#include <chrono>
#include <string>

#include "base/time.h"

namespace faultline {

/// The time of day, for people and logs. It may jump; nothing is decided by it.
using WallTime = std::chrono::system_clock::time_point;

/// What the clock on the wall showed at `at`, as far as it has not been set since.
WallTime wall_time_of(TimePoint at);

/// RFC 3339, in UTC, with milliseconds: "2024-02-29T23:59:59.999Z".
std::string rfc3339(WallTime time);

}  // namespace faultline
