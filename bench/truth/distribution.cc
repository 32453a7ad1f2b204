#include "bench/truth/distribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/verify.h"

namespace faultline::bench::truth {

Distribution::Distribution(std::vector<double> values) : values_(std::move(values)) {
  std::sort(values_.begin(), values_.end());
}

double Distribution::quantile(double share) const {
  VERIFY(!values_.empty() && share >= 0 && share <= 1);
  const double place = share * double(values_.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values_.size() - 1);
  return std::lerp(values_[below], values_[above], place - double(below));
}

double Distribution::mean() const {
  VERIFY(!values_.empty());
  return std::accumulate(values_.begin(), values_.end(), 0.0) / double(values_.size());
}

double Distribution::variation() const {
  const double middle = mean();
  double squares = 0;
  for (const double value : values_) squares += (value - middle) * (value - middle);
  return middle == 0 ? 0 : std::sqrt(squares / double(values_.size())) / middle;
}

double Distribution::share_up_to(double limit) const {
  if (values_.empty()) return 0;
  const auto end = std::upper_bound(values_.begin(), values_.end(), limit);
  return double(end - values_.begin()) / double(values_.size());
}

double Distribution::share_above(double limit) const {
  return values_.empty() ? 0 : 1 - share_up_to(limit);
}

Distribution::Band Distribution::quantile_band(double share) const {
  const double spread = 2 * std::sqrt(share * (1 - share) / double(values_.size()));
  return {.low = quantile(std::max(share - spread, 0.0)),
          .high = quantile(std::min(share + spread, 1.0))};
}

namespace {

/// How much more of `one` than of `other` lies up to any x.
double excess(const Distribution& one, const Distribution& other, const Slack& slack) {
  double most = 0;
  for (const double value : one.values()) {
    const double reach = value + std::max(slack.share * value, slack.absolute);
    most = std::max(most, one.share_up_to(value) - other.share_up_to(reach));
  }
  return most;
}

}  // namespace

double distance(const Distribution& one, const Distribution& other, const Slack& slack) {
  VERIFY(!one.is_empty() && !other.is_empty());
  return std::max(excess(one, other, slack), excess(other, one, slack));
}

}  // namespace faultline::bench::truth
