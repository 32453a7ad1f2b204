#pragma once

#include "base/random.h"

namespace faultline::bench::truth {

/// Which packets of a link are lost: each by itself, or in bursts.
///
/// The two-state chain of Gilbert and Elliott, as netem has it: a packet meets
/// the state that the packet before it has left, and may then change it. With
/// `to_bad` 0 losses are independent. All are shares from 0 to 1.
struct LossSettings {
  double to_bad = 0;        ///< netem's p: how likely a packet turns good into bad.
  double to_good = 1;       ///< netem's r: how likely a packet turns bad into good.
  double loss_in_good = 0;  ///< netem's 1-k.
  double loss_in_bad = 1;   ///< netem's 1-h.

  static LossSettings independent(double loss) { return {.loss_in_good = loss}; }

  /// Loses `loss` of the packets in the long run, in bursts of `length` in the
  /// mean, all packets of a burst. REQUIRES: loss < 1, length >= 1.
  static LossSettings bursts(double loss, double length) {
    return {.to_bad = loss / (length * (1 - loss)), .to_good = 1 / length};
  }
};

/// A loss process under way.
class LossProcess {
 public:
  LossProcess(const LossSettings& settings, Random random) : settings_(settings), random_(random) {}

  /// Whether the next packet is lost. Two draws, whatever the answer.
  bool next_is_lost() {
    const double loss = is_bad_ ? settings_.loss_in_bad : settings_.loss_in_good;
    const double change = is_bad_ ? settings_.to_good : settings_.to_bad;
    const bool is_lost = random_.unit() < loss;
    if (random_.unit() < change) is_bad_ = !is_bad_;
    return is_lost;
  }

 private:
  const LossSettings settings_;
  Random random_;
  bool is_bad_ = false;
};

}  // namespace faultline::bench::truth
