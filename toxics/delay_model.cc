#include "toxics/delay_model.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "toxics/normal.h"

namespace faultline {

namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;
constexpr double kNetemScale = 8192;  // What a table has for one jitter.

double nanoseconds(Duration time) {
  return static_cast<double>(time.count());
}

/// What stands where `score` stands among `count` equally likely ones, from 0.
std::size_t place_of(double score, std::size_t count) {
  const double place = normal_cdf(score) * static_cast<double>(count);
  return std::min(static_cast<std::size_t>(place), count - 1);
}

Fail must(const std::string& rule) {
  return fail(ErrorKind::kInvalid, rule);
}

}  // namespace

DelayModel DelayModel::uniform(Duration centre, Duration jitter) {
  return DelayModel(Uniform{nanoseconds(centre), std::max(nanoseconds(jitter), 0.0)});
}

Result<DelayModel> DelayModel::normal(Duration mean, Duration deviation) {
  if (deviation.count() < 0) return must("jitter must be >= 0");
  return DelayModel(Normal{nanoseconds(mean), nanoseconds(deviation)});
}

Result<DelayModel> DelayModel::lognormal(Duration median, double sigma, Duration max) {
  if (median.count() <= 0) return must("median must be > 0");
  if (!std::isfinite(sigma) || sigma < 0) return must("sigma must be >= 0");
  if (max.count() <= 0) return must("max must be > 0");
  if (sigma == 0 && max < median) return must("max must not be below all delays that there are");
  const double logarithm = std::log(nanoseconds(max) / nanoseconds(median));
  const double greatest = sigma > 0 ? logarithm / sigma : std::numeric_limits<double>::infinity();
  constexpr double kRarest = -30;  // Of 10^197 draws one would be below.
  if (greatest < kRarest) return must("max must not be below all delays that there are");
  return DelayModel(Lognormal{nanoseconds(median), sigma, greatest});
}

Result<DelayModel> DelayModel::pareto(Duration scale, double shape, Duration max) {
  if (scale.count() <= 0) return must("scale must be > 0");
  if (!std::isfinite(shape) || shape <= 0) return must("shape must be > 0");
  if (max <= scale) return must("max must be > scale");
  const double above = std::pow(nanoseconds(scale) / nanoseconds(max), shape);
  return DelayModel(Pareto{nanoseconds(scale), shape, above});
}

Result<DelayModel> DelayModel::netem_pareto(Duration mean, Duration jitter) {
  if (jitter.count() < 0) return must("jitter must be >= 0");
  return DelayModel(NetemPareto{nanoseconds(mean), nanoseconds(jitter)});
}

Result<DelayModel> DelayModel::exponential(Duration mean) {
  if (mean.count() < 0) return must("the mean must be >= 0");
  return DelayModel(Exponential{nanoseconds(mean)});
}

Result<DelayModel> DelayModel::empirical(const SampleTable& milliseconds) {
  if (milliseconds.sorted().front() < 0) {
    return must("no sample may be below 0 ms");
  }
  return DelayModel(Empirical{&milliseconds.sorted()});
}

Result<DelayModel> DelayModel::netem_table(Duration mean, Duration jitter,
                                           const SampleTable& values) {
  if (jitter.count() < 0) return must("jitter must be >= 0");
  for (const double value : values.sorted()) {
    if (value != std::trunc(value) || value < INT16_MIN || value > INT16_MAX) {
      return must("the values of a netem table are whole numbers from -32768 to 32767");
    }
  }
  return DelayModel(NetemTable{nanoseconds(mean), nanoseconds(jitter), &values.sorted()});
}

Duration DelayModel::at(double score) const {
  constexpr double kMostScore = 37;  // Beyond it normal_cdf() is 0 before long.
  score = std::clamp(score, -kMostScore, kMostScore);
  const double delay = std::visit([&](const auto& shape) { return shape.at(score); }, shape_);
  // A cut and a factor commute only in this order: the longest may be made shorter.
  const double scaled = std::clamp(delay, 0.0, nanoseconds(kLongest)) * factor_;
  return scaled < nanoseconds(kLongest) ? Duration(std::llround(scaled)) : kLongest;
}

DelayModel DelayModel::scaled(double factor) const {
  DelayModel model = *this;
  model.factor_ *= factor;
  return model;
}

double DelayModel::Uniform::at(double score) const {
  return centre + jitter * (normal_cdf(score) - normal_cdf(-score));
}

double DelayModel::Normal::at(double score) const {
  return mean + deviation * score;
}

double DelayModel::Lognormal::at(double score) const {
  return median * std::exp(sigma * truncated_score(score, greatest_score));
}

double DelayModel::Pareto::at(double score) const {
  const double above = normal_cdf(-score);
  return scale * std::pow(above + normal_cdf(score) * share_above_max, -1 / shape);
}

double DelayModel::NetemPareto::at(double score) const {
  constexpr double kShape = 3;
  constexpr double kMean = 1.5;  // Of P.
  constexpr double kStretch = 4.0 / 3;
  constexpr double kMost = INT16_MAX / kNetemScale;
  const double p = std::pow(normal_cdf(-score), -1 / kShape);
  return mean + jitter * std::min(kStretch * (p - kMean), kMost);
}

double DelayModel::Exponential::at(double score) const {
  return -mean * std::log(normal_cdf(-score));
}

double DelayModel::Empirical::at(double score) const {
  const std::size_t gaps = milliseconds->size() - 1;
  if (gaps == 0) return milliseconds->front() * kNanosecondsPerMillisecond;
  const std::size_t gap = place_of(score, gaps);
  const double within = normal_cdf(score) * static_cast<double>(gaps) - static_cast<double>(gap);
  const double low = (*milliseconds)[gap];
  const double high = (*milliseconds)[gap + 1];
  return std::lerp(low, high, within) * kNanosecondsPerMillisecond;
}

double DelayModel::NetemTable::at(double score) const {
  const double value = (*values)[place_of(score, values->size())];
  return mean + jitter * value / kNetemScale;
}

}  // namespace faultline
