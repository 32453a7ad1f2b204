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

}  // namespace faultline::bench
