#pragma once

#include <utility>

#include "toxics/burst_scores.h"
#include "toxics/delay_model.h"
#include "toxics/toxic.h"

namespace faultline {

/// Delays what passes. The rate is untouched: chunks wait side by side.
///
/// The delay is drawn once per burst, so what a message gets does not depend
/// on how many chunks it was cut into: with a draw per chunk, a long message,
/// which cannot overtake itself, would always get the longest. Being a function
/// of the burst's number it is the same when the toxic is replaced meanwhile.
class Latency final : public Toxic {
 public:
  /// What `model` was given outlives the toxic.
  Latency(DelayModel model, BurstScores scores) : model_(model), scores_(scores) {}

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    const Duration delay = model_.at(scores_.at(chunk.burst()));
    out.send(std::move(chunk), after(arrived, delay));
  }
  std::size_t window() const override { return kFullWindow; }

 private:
  const DelayModel model_;
  BurstScores scores_;
};

}  // namespace faultline
