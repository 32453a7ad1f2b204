#pragma once

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace faultline {

/// Which packets of a path are lost. A probability outside [0, 1] is cut to it.
struct LossSettings {
  enum class Model {
    kIndependent,
    kBursts,  ///< Gilbert-Elliott: a good and a bad state.
    kEvery,
  };
  Model model = Model::kIndependent;

  // kIndependent
  double loss = 0;  ///< The share lost, whatever the correlation.
  /// How much a packet's fate is that of the one before: their correlation
  /// coefficient, up to 0.999 (at 1 a path that loses one packet loses all).
  double correlation = 0;

  // kBursts: netem's `loss gemodel p [r [1-h [1-k]]]`. Each packet moves the state once.
  double good_to_bad = 0;             ///< p
  std::optional<double> bad_to_good;  ///< r; by default 1 - p.
  double loss_in_bad = 1;             ///< 1-h
  double loss_in_good = 0;            ///< 1-k

  // kEvery
  std::uint64_t every =
      0;  ///< Each so manyth packet is lost, the first such being that one; 0: none.

  /// Whether no packet is ever lost.
  bool is_lossless() const;
};

/// Decides packet by packet which are lost.
///
/// Independent loss is a state too, in which everything is lost, and each
/// packet moves it: with correlation c, from good to bad by (1-c)p, back by
/// (1-c)(1-p). (netem's correlation changes the share that is lost; this does
/// not.) The first state is drawn as if the path had long been in use, so
/// short connections lose as much as long ones; netem starts in the good one.
///
/// A silent path goes on: it takes a step each kStep as well. Else a sender
/// caught in a burst would find it unchanged after each timeout, and its stall,
/// which doubles each time, would have no mean.
class LossProcess {
 public:
  static constexpr Duration kStep = std::chrono::milliseconds(10);

  LossProcess(const LossSettings& settings, std::uint64_t key);

  /// Whether the packet sent at `at` is lost. REQUIRES: `at` never decreases.
  bool lose(TimePoint at);

  /// Other chances from the next packet on; the state it is in stays.
  void change(const LossSettings& settings);

  bool is_lossless() const { return lossless_; }

 private:
  void step(TimePoint at);

  Random random_;
  std::uint64_t every_ = 0;
  double to_bad_ = 0;
  double to_good_ = 1;
  double loss_in_bad_ = 1;
  double loss_in_good_ = 0;
  bool lossless_ = true;
  bool bad_ = false;
  std::uint64_t packets_ = 0;
  TimePoint last_{};  // When the state was last moved; read once packets_ > 0.
};

}  // namespace faultline
