#pragma once

#include <chrono>
#include <cstdint>

namespace faultline {

/// Time inside Faultline: nanoseconds of the monotonic clock (CLOCK_MONOTONIC,
/// which std::chrono::steady_clock is on Linux).
using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// A deadline that does not come: bytes due then are held until something else frees them.
inline constexpr TimePoint kNever = TimePoint::max();

/// The longest time a setting can ask for, 100 years. Longer ones are cut to
/// it, so that adding any two of them to any real TimePoint cannot overflow.
inline constexpr Duration kLongest = std::chrono::hours(24 * 365 * 100);

/// `count` units of `nanoseconds_each`, cut to +-kLongest. Any input is fine.
constexpr Duration saturated(std::int64_t count, std::int64_t nanoseconds_each) {
  const std::int64_t most = kLongest.count() / nanoseconds_each;
  if (count > most) return kLongest;
  if (count < -most) return -kLongest;
  return Duration(count * nanoseconds_each);
}
constexpr Duration saturated_milliseconds(std::int64_t count) {
  return saturated(count, 1'000'000);
}
constexpr Duration saturated_microseconds(std::int64_t count) {
  return saturated(count, 1'000);
}

/// `times` as long, cut to kLongest. REQUIRES: neither is below 0.
constexpr Duration scaled(Duration wait, double times) {
  const double longer = static_cast<double>(wait.count()) * times;
  const bool fits = longer < static_cast<double>(kLongest.count());
  return fits ? Duration(static_cast<std::int64_t>(longer)) : kLongest;
}

/// `start + wait`; kNever stays kNever, and a sum too large becomes kNever.
constexpr TimePoint after(TimePoint start, Duration wait) {
  if (wait.count() > 0 && start > kNever - wait) return kNever;
  return start + wait;
}

}  // namespace faultline
