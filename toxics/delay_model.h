#pragma once

#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "toxics/sample_table.h"

namespace faultline {

/// How long things take: a distribution of delays.
///
/// A draw is made from a standard normal score, the delay that stands where
/// the score stands. So chance, and how alike neighbours are, is the business
/// of who makes the scores (BurstScores): they leave the distribution as it is.
///
/// A delay below 0 is 0 and one above kLongest is kLongest. A model that says
/// "100 ms give or take 200 ms" means just that: the share of its delays that
/// would be negative are 0 instead, and its mean is no longer 100 ms.
///
/// The makers fail with kInvalid. A SampleTable they are given outlives the
/// model and its copies, and stays where it is.
class DelayModel {
 public:
  /// Evenly within `jitter` of `centre`. Any input is fine: below 0 `jitter` is 0.
  static DelayModel uniform(Duration centre, Duration jitter);

  static Result<DelayModel> normal(Duration mean, Duration deviation);

  /// exp(a normal number): half of all delays are below `median`, and `sigma` is the
  /// deviation of their logarithms. One above `max` is drawn again, as WireMock
  /// does, and not cut to it; here however often that takes.
  static Result<DelayModel> lognormal(Duration median, double sigma, Duration max = kLongest);

  /// The textbook's: the share of delays above x is (scale / x)^shape, and none
  /// is below `scale`. From shape 2 down their deviation has no end, from 1 down
  /// their mean has none either. One above `max` is drawn again.
  static Result<DelayModel> pareto(Duration scale, double shape, Duration max = kLongest);

  /// What `tc ... netem delay MEAN JITTER distribution pareto` does: a Pareto
  /// of shape 3 moved and stretched, to mean + jitter * 4/3 * (P - 3/2), P being
  /// at least 1; what is above mean + 4 jitter is cut to that. (So its deviation
  /// is about `jitter`; the formula and the cut, at 32767 / 8192, are those of
  /// iproute2's table, whose steps are not copied.)
  static Result<DelayModel> netem_pareto(Duration mean, Duration jitter);

  static Result<DelayModel> exponential(Duration mean);

  /// As measured, in ms. The n sorted samples stand at equal distances, the
  /// least at 0 and the greatest at 1, and delays between two of them are as
  /// likely as each other (the usual definition of a quantile: type 7 of Hyndman
  /// and Fan, "Sample quantiles in statistical packages", 1996).
  static Result<DelayModel> empirical(const SampleTable& milliseconds);

  /// netem's own kind of table: mean + jitter * value / 8192, each value as
  /// likely as any other and nothing in between. The values are whole and fit in
  /// 16 bits with a sign.
  static Result<DelayModel> netem_table(Duration mean, Duration jitter, const SampleTable& values);

  /// The delay that stands where `score` stands among standard normal scores. Any
  /// score is fine; one beyond 37 deviations counts as 37.
  Duration at(double score) const;

  /// The same with each delay `factor` times as long: 0.5 for half of a round trip.
  /// REQUIRES: factor >= 0.
  DelayModel scaled(double factor) const;

 private:
  // All times are in nanoseconds.
  struct Uniform {
    double centre, jitter;
    double at(double score) const;
  };
  struct Normal {
    double mean, deviation;
    double at(double score) const;
  };
  struct Lognormal {
    double median, sigma, greatest_score;
    double at(double score) const;
  };
  struct Pareto {
    double scale, shape, share_above_max;
    double at(double score) const;
  };
  struct NetemPareto {
    double mean, jitter;
    double at(double score) const;
  };
  struct Exponential {
    double mean;
    double at(double score) const;
  };
  struct Empirical {
    const std::vector<double>* milliseconds;  // Sorted.
    double at(double score) const;
  };
  struct NetemTable {
    double mean, jitter;
    const std::vector<double>* values;  // Sorted.
    double at(double score) const;
  };
  using Shape = std::variant<Uniform, Normal, Lognormal, Pareto, NetemPareto, Exponential,
                             Empirical, NetemTable>;

  explicit DelayModel(Shape shape) : shape_(shape) {}

  Shape shape_;
  double factor_ = 1;
};

}  // namespace faultline
