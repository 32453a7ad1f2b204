#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace faultline {

/// The share of delays of at most so many ms, written down anew for each model.
using Share = std::function<double(double ms)>;

/// Divided by the root of a sample's size: what its distance from its own
/// distribution exceeds once in a thousand samples.
inline constexpr double kKolmogorovBound = 1.9495;

/// The largest distance between the share of `delays` (in ms, sorted) up to a time
/// and what it should be, just before and at each time there is: right for jumps,
/// too. Delays are rounded to 1 ns.
inline double ks_distance(const std::vector<double>& delays, const Share& share) {
  constexpr double kHalfNanosecond = 0.5e-6;
  const auto count = static_cast<double>(delays.size());
  double distance = 0;
  for (auto from = delays.begin(); from != delays.end();) {
    const auto to = std::upper_bound(from, delays.end(), *from);
    const auto before = static_cast<double>(from - delays.begin()) / count;
    const auto with = static_cast<double>(to - delays.begin()) / count;
    const double below = *from > 0 ? share(*from - kHalfNanosecond) : 0;
    distance = std::max(
        {distance, std::abs(before - below), std::abs(with - share(*from + kHalfNanosecond))});
    from = to;
  }
  return distance;
}

}  // namespace faultline
