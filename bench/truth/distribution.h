#pragma once

#include <cstddef>
#include <vector>

namespace faultline::bench::truth {

/// Values that were measured, in their order. Milliseconds, or Mbit/s.
class Distribution {
 public:
  Distribution() = default;
  explicit Distribution(std::vector<double> values);

  std::size_t count() const { return values_.size(); }
  bool is_empty() const { return values_.empty(); }
  const std::vector<double>& values() const { return values_; }

  /// The value that a share of `share` does not exceed, between two values in
  /// proportion. REQUIRES: not empty, 0 <= share <= 1.
  double quantile(double share) const;

  /// REQUIRES: not empty.
  double mean() const;

  /// The standard deviation divided by the mean. REQUIRES: not empty.
  double variation() const;

  /// The share of values greater than `limit`, and of those not greater. 0
  /// without values.
  double share_above(double limit) const;
  double share_up_to(double limit) const;

  struct Band {
    double low = 0;
    double high = 0;
  };
  /// Between which values a quantile lies with 95 % confidence, whatever the
  /// distribution: the values two standard deviations of a binomial share away.
  /// REQUIRES: not empty.
  Band quantile_band(double share) const;

 private:
  std::vector<double> values_;
};

/// By how much values may differ and still count as the same.
struct Slack {
  double share = 0;     ///< Of the value...
  double absolute = 0;  ///< ...or this, whichever is more.
};

/// What two machines' scheduling may differ by.
inline constexpr Slack kSlack{.share = 0.05, .absolute = 1};

/// The Kolmogorov-Smirnov distance of two samples, 0 (alike) to 1: the greatest
/// difference between the shares of values up to x, over all x. With a slack,
/// the difference that is left when each value may move by as much: two lines of
/// 40.1 and 40.3 ms have a distance of 1 without it. REQUIRES: neither is empty.
double distance(const Distribution& one, const Distribution& other, const Slack& slack = {});

}  // namespace faultline::bench::truth
