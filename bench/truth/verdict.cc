#include "bench/truth/verdict.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace faultline::bench::truth {

Judgement judge_mean(const Distribution& truth, const Distribution& ours, double tolerance) {
  Judgement judgement{.truth = truth.mean(), .ours = ours.mean()};
  judgement.passes = std::abs(judgement.ours - judgement.truth) <= tolerance * judgement.truth;
  return judgement;
}

namespace {

/// Whether two samples have the same share above the cliff.
bool agree(const Judgement::Cliff& cliff, std::size_t truth_count, std::size_t ours_count,
           double tolerance) {
  const auto variance = [](double share, std::size_t count) {
    return share * (1 - share) / double(count);
  };
  const double noise = 2 * std::sqrt(variance(cliff.truth_above, truth_count) +
                                     variance(cliff.ours_above, ours_count));
  return std::abs(cliff.ours_above - cliff.truth_above) <=
         std::max(tolerance * cliff.truth_above, noise);
}

}  // namespace

Judgement judge_quantile(const Distribution& truth, const Distribution& ours, double share,
                         double tolerance) {
  Judgement judgement{.truth = truth.quantile(share), .ours = ours.quantile(share)};
  const Distribution::Band band = truth.quantile_band(share);
  judgement.passes =
      judgement.ours >= band.low * (1 - tolerance) && judgement.ours <= band.high * (1 + tolerance);
  if (band.high <= band.low * (1 + tolerance)) return judgement;
  const double middle = std::sqrt(band.low * band.high);
  judgement.cliff = {.limit = middle,
                     .truth_above = truth.share_above(middle),
                     .ours_above = ours.share_above(middle)};
  judgement.passes =
      judgement.passes && agree(*judgement.cliff, truth.count(), ours.count(), tolerance);
  return judgement;
}

}  // namespace faultline::bench::truth
