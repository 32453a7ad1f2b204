#include "bench/truth/distribution.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace faultline::bench::truth {
namespace {

Distribution one_to(int last) {
  std::vector<double> values(static_cast<std::size_t>(last));
  std::iota(values.rbegin(), values.rend(), 1);
  return Distribution(values);
}

TEST_CASE("a quantile lies between two values in proportion", "[distribution]") {
  const Distribution values({10, 40, 20, 30});
  CHECK(values.quantile(0) == 10);
  CHECK(values.quantile(1) == 40);
  CHECK(values.quantile(0.5) == Approx(25));
  CHECK(values.quantile(0.9) == Approx(37));
  CHECK(Distribution({7}).quantile(0.99) == 7);
}

TEST_CASE("shares count the limit itself among those up to it", "[distribution]") {
  const Distribution values({1, 2, 2, 3});
  CHECK(values.share_up_to(2) == Approx(0.75));
  CHECK(values.share_above(2) == Approx(0.25));
  CHECK(values.share_above(0) == 1);
  CHECK(Distribution().share_above(0) == 0);
}

TEST_CASE("mean and variation are those of all values", "[distribution]") {
  const Distribution values({2, 4, 4, 4, 5, 5, 7, 9});
  CHECK(values.mean() == Approx(5));
  CHECK(values.variation() == Approx(0.4));
}

TEST_CASE("the band of a quantile holds it as often as it says", "[distribution]") {
  const std::uint64_t seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  constexpr int kTries = 1'000;
  int held = 0;
  for (int i = 0; i < kTries; ++i) {
    std::vector<double> values(500);
    for (double& value : values) value = random.unit();
    const Distribution::Band band = Distribution(values).quantile_band(0.9);
    held += band.low <= 0.9 && 0.9 <= band.high ? 1 : 0;
  }
  CHECK(held > 925);
  CHECK(held < 985);
}

TEST_CASE("the distance of two samples is the greatest gap between their shares",
          "[distribution]") {
  CHECK(distance(one_to(100), one_to(100)) == 0);
  CHECK(distance(Distribution({1, 2}), Distribution({3, 4})) == 1);
  // Up to 5 there are 5 of 10 here, and 1 of 10 there.
  CHECK(distance(one_to(10), Distribution({5, 6, 7, 8, 9, 10, 11, 12, 13, 14})) == Approx(0.4));
  CHECK(distance(Distribution({5, 6, 7, 8, 9, 10, 11, 12, 13, 14}), one_to(10)) == Approx(0.4));
}

TEST_CASE("a slack forgives values that moved by less, and no others", "[distribution]") {
  const Distribution truth({40.1, 40.1, 40.1, 290});
  const Distribution shifted({40.3, 40.3, 40.3, 300});
  CHECK(distance(truth, shifted) == Approx(0.75));
  CHECK(distance(truth, shifted, {.share = 0.05, .absolute = 1}) == 0);
  CHECK(distance(shifted, truth, {.share = 0.05, .absolute = 1}) == 0);
  const Distribution wrong({40.3, 40.3, 290, 290});
  CHECK(distance(truth, wrong, {.share = 0.05, .absolute = 1}) == Approx(0.25));
}

}  // namespace
}  // namespace faultline::bench::truth
