#include "toxics/normal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace faultline {

namespace {

constexpr double kSmallest = 1e-300;

/// For p <= 1/2. The start is the first term of the normal's tail, p ~ density(z) / -z, solved
/// once; then Newton's method on log(p), which is nearly straight where p itself is all curve.
double lower_quantile(double p) {
  const double log_p = std::log(p);
  const double square = std::max(-2 * log_p - std::log(2 * std::numbers::pi), 0.0);
  double score = -std::sqrt(std::max(square - std::log(1 + square), 0.0));
  constexpr int kMostSteps = 10;
  constexpr double kCloseEnough = 1e-12;
  for (int i = 0; i < kMostSteps; ++i) {
    const double share = normal_cdf(score);
    const double density = std::exp(-score * score / 2) / std::sqrt(2 * std::numbers::pi);
    const double step = (std::log(share) - log_p) * share / density;
    score -= step;
    if (std::abs(step) < kCloseEnough) break;
  }
  return score;
}

}  // namespace

double normal_cdf(double score) {
  return std::erfc(-score / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) {
  p = std::clamp(p, kSmallest, 1 - 0x1p-53);
  return p <= 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

double truncated_score(double score, double limit) {
  const double below = normal_cdf(score) * normal_cdf(limit);
  if (below <= 0.5) return std::min(normal_quantile(below), limit);
  const double above = normal_cdf(-score) + normal_cdf(-limit);
  return std::min(-normal_quantile(above - normal_cdf(-score) * normal_cdf(-limit)), limit);
}

}  // namespace faultline
