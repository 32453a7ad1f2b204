#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "proxy/live_toxic.h"
#include "toxics/loss_bursts.h"
#include "toxics/schedule.h"

namespace faultline {

/// What the toxics of a proxy are at each time: without those whose pulse is off
/// or whose limits are reached,
/// with ramped numbers where they have come to, and bursts of loss as they are now.
///
/// But for the limits, a pure function of the toxics and the time, so that every worker, each with
/// a clock of its own, comes to the same.
class ToxicClock {
 public:
  void set(std::shared_ptr<const ToxicSet> toxics);

  /// All that were set, in force or not.
  const ToxicSet& all() const { return *toxics_; }

  /// As they are at `now`, which is not before that of an earlier call. The set
  /// itself if none of them moves.
  std::shared_ptr<const ToxicSet> at(TimePoint now);

  /// When at() next says something else than it did last; or kNever.
  TimePoint next_change() const { return next_change_; }

 private:
  /// The place in time of one toxic.
  struct Hand {
    ToxicTiming timing;
    ScheduleCursor cursor;
    std::optional<LossBursts> bursts;  // Of the settings it was last seen with.
  };

  static Hand hand_of(const LiveToxic& toxic);
  void add_if_in_force(const LiveToxic& toxic, TimePoint now, ToxicSet& result);

  std::shared_ptr<const ToxicSet> toxics_ = std::make_shared<const ToxicSet>();
  std::map<std::uint64_t, Hand> hands_;  // By the id of a toxic that moves.
  TimePoint next_change_ = kNever;
};

}  // namespace faultline
