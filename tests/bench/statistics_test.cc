#include "bench/statistics.h"

#include <catch2/catch.hpp>

namespace faultline::bench {

TEST_CASE("a quantile is one of the values, of which a share is no larger", "[statistics]") {
  CHECK(quantile({3}, 0.5) == 3);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2);
  CHECK(quantile({4, 1, 3, 2}, 1) == 4);
  CHECK(quantile({4, 1, 3, 2}, 0) == 1);
  std::vector<double> hundreds;
  for (int i = 200; i >= 1; --i) hundreds.push_back(i);
  CHECK(quantile(hundreds, 0.99) == 198);
}

TEST_CASE("the median of an even number of values lies between two", "[statistics]") {
  const Spread spread = spread_of({9, 1, 4, 2});
  CHECK(spread.median == 3);
  CHECK(spread.least == 1);
  CHECK(spread.most == 9);
}

}  // namespace faultline::bench
