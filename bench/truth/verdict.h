#pragma once

#include <optional>

#include "bench/truth/distribution.h"

namespace faultline::bench::truth {

/// What a figure was on the emulated link and through Faultline.
struct Judgement {
  double truth = 0;
  double ours = 0;
  bool passes = false;

  /// A quantile where the distribution has a step, and how many lie above it.
  struct Cliff {
    double limit = 0;  ///< The middle of the step.
    double truth_above = 0;
    double ours_above = 0;
  };
  std::optional<Cliff> cliff = std::nullopt;

  double ratio() const { return truth == 0 ? 0 : ours / truth; }
};

/// Compares two means. `tolerance` 0.25 is a quarter either way. REQUIRES:
/// neither is empty.
Judgement judge_mean(const Distribution& truth, const Distribution& ours, double tolerance);

/// Compares a quantile.
///
/// Loss makes distributions with steps: at 1 % loss, 99 % of echoes take one RTT
/// and 1 % take 200 ms more, so p99 is either, by the luck of ten packets. The
/// same holds for the median of transfers of which half meet a loss. So a
/// quantile of the truth counts as what its sample can tell, a band
/// (Distribution::quantile_band()), and ours has to lie within `tolerance` of
/// it. Where the band is narrow that is the plain comparison. Where its ends
/// differ by more than `tolerance` the quantile is on a cliff; it says little
/// then, so the share of values above the middle of the step has to agree too,
/// within `tolerance` or what two samples of these sizes differ by (two standard
/// deviations). REQUIRES: neither is empty.
Judgement judge_quantile(const Distribution& truth, const Distribution& ours, double share,
                         double tolerance);

}  // namespace faultline::bench::truth
