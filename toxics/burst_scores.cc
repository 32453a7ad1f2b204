#include "toxics/burst_scores.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace faultline {

namespace {

/// Less correlation than this is less than a double of a score can show.
constexpr double kNothing = 0x1p-53;

double log_of(double correlation) {
  return correlation > 0 ? std::log(std::min(correlation, BurstScores::kMostCorrelation)) : 0;
}

std::uint64_t independent_span(double log_correlation) {
  std::uint64_t span = 1;
  if (log_correlation == 0) return span;
  while (log_correlation * static_cast<double>(span) > std::log(kNothing)) span *= 2;
  return span;
}

/// A standard normal number for each place, independent of all others (Box and Muller, "A note on
/// the generation of random normal deviates", 1958).
double independent_score(std::uint64_t key, std::uint64_t place) {
  Random random(derive_key(key, place));
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

}  // namespace

BurstScores::BurstScores(std::uint64_t key, double correlation)
    : key_(key), log_correlation_(log_of(correlation)), span_(independent_span(log_correlation_)) {}

double BurstScores::at(std::uint32_t burst) {
  if (last_burst_ != burst) {
    last_score_ = find(burst);
    last_burst_ = burst;
  }
  return last_score_;
}

double BurstScores::find(std::uint64_t burst) const {
  std::uint64_t left = burst - burst % span_;
  double left_score = independent_score(key_, left);
  if (left == burst) return left_score;
  double right_score = independent_score(key_, left + span_);
  for (std::uint64_t half = span_ / 2; left != burst; half /= 2) {
    // The score half-way, given those at both sides: with a the correlation to each of them, it
    // is normal with mean a / (1 + a^2) * (left + right) and variance (1 - a^2) / (1 + a^2).
    const double log_a = log_correlation_ * static_cast<double>(half);
    const double a = std::exp(log_a);
    const double mean = a / (1 + a * a) * (left_score + right_score);
    const double deviation = std::sqrt(-std::expm1(2 * log_a) / (1 + a * a));
    const std::uint64_t middle = left + half;
    const double score = mean + deviation * independent_score(key_, middle);
    if (burst < middle) {
      right_score = score;
    } else {
      left = middle;
      left_score = score;
    }
  }
  return left_score;
}

}  // namespace faultline
