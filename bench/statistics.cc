#include "bench/statistics.h"

#include <algorithm>
#include <cmath>

#include "base/verify.h"

namespace faultline::bench {

Spread spread_of(std::vector<double> values) {
  VERIFY(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back()};
}

double quantile(std::vector<double> values, double share) {
  VERIFY(!values.empty());
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace faultline::bench
