#pragma once

#include <vector>

namespace faultline::bench {

/// What several rounds of the same measurement gave.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// Of an even number of values the median is the mean of the middle two.
/// REQUIRES: there is a value.
Spread spread_of(std::vector<double> values);

/// The least value that a share of `share` of all does not exceed: 0.5, 0.99, 1.
/// REQUIRES: there is a value.
double quantile(std::vector<double> values, double share);

}  // namespace faultline::bench
