#include "toxics/normal.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace faultline {
namespace {

/// The score below which the share `p` lies, by halving, in more digits than a double has.
double exact_quantile(long double p) {
  long double low = -40;
  long double high = 10;
  for (int i = 0; i < 100; ++i) {
    const long double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0L)) / 2 < p ? low : high) = middle;
  }
  return static_cast<double>(low);
}

TEST_CASE("the normal quantile is off by less than 1e-9, far into both tails", "[normal]") {
  for (double digits = 0.3011; digits < 300; digits += 0.0973) {
    const double p = std::pow(10, -digits);
    CAPTURE(p);
    const double exact = exact_quantile(p);
    REQUIRE(std::abs(normal_quantile(p) - exact) < 1e-9);
    if (p < 1e-15) continue;
    const long double as_stored = 1.0L - static_cast<long double>(1 - p);
    REQUIRE(std::abs(normal_quantile(1 - p) + exact_quantile(as_stored)) < 1e-9);
  }
  CHECK(normal_quantile(0.5) == Approx(0).margin(1e-15));
}

TEST_CASE("shares and scores of the normal are those in the tables", "[normal]") {
  CHECK(normal_cdf(0) == 0.5);
  CHECK(normal_cdf(1) == Approx(0.841344746068543).epsilon(1e-14));
  CHECK(normal_cdf(-5) == Approx(2.866515718791939e-7).epsilon(1e-13));
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-13));
  CHECK(std::isfinite(normal_quantile(0)));
  CHECK(std::isfinite(normal_quantile(1)));
}

TEST_CASE("a cut-off normal keeps the shares among what is left", "[normal]") {
  for (const double limit : {-8.0, -1.0, 0.0, 0.3, 2.0, 7.0, 1e9}) {
    for (const double score : {-8.0, -2.0, -0.1, 0.0, 0.5, 3.0, 8.0}) {
      CAPTURE(limit, score);
      const double cut = truncated_score(score, limit);
      CHECK(cut <= limit);
      CHECK(cut <= score + 1e-9);
      CHECK(normal_cdf(cut) == Approx(normal_cdf(score) * normal_cdf(limit)).epsilon(1e-9));
    }
  }
  CHECK(truncated_score(8, 1e9) == Approx(8).epsilon(1e-9));  // No digits lost near share 1.
}

}  // namespace
}  // namespace faultline
