#include "toxics/loss_process.h"

#include <algorithm>
#include <cmath>

namespace faultline {

namespace {

constexpr double kMostCorrelation = 0.999;

double probability(double value) {
  return value > 0 ? std::min(value, 1.0) : 0;  // What is not a number is none.
}

}  // namespace

bool LossSettings::is_lossless() const {
  switch (model) {
    case Model::kIndependent:
      return probability(loss) == 0;
    case Model::kBursts: {
      const bool goes_bad = probability(good_to_bad) > 0 && probability(loss_in_bad) > 0;
      return !goes_bad && probability(loss_in_good) == 0;
    }
    case Model::kEvery:
      return every == 0;
  }
  return true;
}

LossProcess::LossProcess(const LossSettings& settings, std::uint64_t key) : random_(key) {
  change(settings);
}

void LossProcess::change(const LossSettings& settings) {
  every_ = settings.model == LossSettings::Model::kEvery ? settings.every : 0;
  lossless_ = settings.is_lossless();
  loss_in_bad_ = 1;
  loss_in_good_ = 0;
  if (settings.model == LossSettings::Model::kIndependent) {
    const double fresh = 1 - std::min(probability(settings.correlation), kMostCorrelation);
    const double loss = probability(settings.loss);
    to_bad_ = fresh * loss;
    to_good_ = fresh * (1 - loss);
  } else if (settings.model == LossSettings::Model::kBursts) {
    to_bad_ = probability(settings.good_to_bad);
    to_good_ = probability(settings.bad_to_good.value_or(1 - to_bad_));
    loss_in_bad_ = probability(settings.loss_in_bad);
    loss_in_good_ = probability(settings.loss_in_good);
  }
}

bool LossProcess::lose(TimePoint at) {
  if (lossless_) return false;
  ++packets_;
  if (every_ > 0) return packets_ % every_ == 0;
  step(at);
  const double loss = bad_ ? loss_in_bad_ : loss_in_good_;
  if (loss == 0 || loss == 1) return loss == 1;
  return random_.unit() < loss;
}

/// n steps of the chain in one draw: what is left of the state it was in fades
/// by 1 - p - r each.
void LossProcess::step(TimePoint at) {
  const double sum = to_bad_ + to_good_;
  const double share_bad = sum > 0 ? to_bad_ / sum : 0;
  double chance = share_bad;
  if (packets_ > 1) {
    const std::int64_t silent = std::max<std::int64_t>(0, (at - last_) / kStep);
    const double kept = silent == 0 ? 1 - sum : std::pow(1 - sum, static_cast<double>(silent + 1));
    chance = share_bad + ((bad_ ? 1 : 0) - share_bad) * kept;
  }
  bad_ = random_.unit() < chance;
  last_ = at;
}

}  // namespace faultline
