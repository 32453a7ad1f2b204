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
  /// Which number of a burst its delay is drawn by.
  enum class DrawnBy {
    kLink,
    kConnection,  ///< A question and its answer have the same score.
  };

  /// What `model` was given outlives the toxic.
  Latency(DelayModel model, BurstScores scores, DrawnBy drawn_by = DrawnBy::kLink)
      : model_(model), scores_(scores), drawn_by_(drawn_by) {}

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    const Burst burst = chunk.burst();
    const bool by_link = drawn_by_ == DrawnBy::kLink;
    const Duration delay = model_.at(scores_.at(by_link ? burst.of_link : burst.of_connection));
    out.send(std::move(chunk), after(arrived, delay));
  }
  std::size_t window() const override { return kFullWindow; }

 private:
  const DelayModel model_;
  BurstScores scores_;
  const DrawnBy drawn_by_;
};

}  // namespace faultline
