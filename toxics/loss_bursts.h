#pragma once

#include <cstdint>

#include "base/time.h"

namespace faultline {

/// Loss that comes in bursts: a link that is now good, now bad (Gilbert and
/// Elliott), clocked by time, for a packet filter whose probability is set anew
/// at each change.
///
/// The settings have netem's meaning (tc-netem(8), `loss gemodel p r 1-h 1-k`):
/// each packet has the chance `p` to turn a good link bad, and `r` to turn a bad
/// one good. What netem counts in packets counts in slots here, one packet each:
///
///   slot      0     1     2     3     4     5
///          |good |good |bad  |bad  |bad  |good |      -> time
///
/// so a bad time lasts 1/r slots in the mean (if that is not minutes), a good one 1/p, and the mean
/// loss is (p * loss_in_bad + r * loss_in_good) / (p + r), as with netem. It is clocked by time
/// because a chain that only moves with packets has no mean stall: in its bad state each resend
/// fails and doubles the wait for the next.
///
/// What is said of a time is a pure function of the key and that time, whenever
/// and however often it was asked. The link is in its stationary state from the
/// first slot on: a short test meets as much loss as a long one.
class LossBursts {
 public:
  struct Settings {
    double p = 0;             ///< Of good to bad, in each slot; 0 to 1.
    double r = 1;             ///< Of bad to good.
    double loss_in_bad = 1;   ///< netem's 1-h.
    double loss_in_good = 0;  ///< netem's 1-k.
    /// The packet interval that is assumed. Ten milliseconds: a hundred packets
    /// a second, and no more than a hundred changes of a filter.
    Duration slot = std::chrono::milliseconds(10);

    bool operator==(const Settings&) const = default;
  };

  /// Slot 0 begins at `start`; times before it count as it. REQUIRES: chances
  /// from 0 to 1, slot > 0.
  LossBursts(const Settings& settings, std::uint64_t key, TimePoint start);

  const Settings& settings() const { return settings_; }

  struct Phase {
    double loss;      ///< The share of packets that is lost now.
    TimePoint until;  ///< It stays so until then; ask again.
  };

  /// How things are at `now`. Where changes are rare `until` may come before
  /// the next one: what it looks ahead is bounded. Quick if asked in the order
  /// of time; else it looks some 1 / (p + r) slots back, below a millisecond.
  Phase at(TimePoint now);

  /// The mean loss in the long run.
  static double mean_loss(const Settings& settings);

 private:
  bool is_bad(std::uint64_t slot) const;
  bool is_bad_after(bool was_bad, std::uint64_t slot) const;
  TimePoint start_of(std::uint64_t slot) const;

  const Settings settings_;
  const std::uint64_t key_;
  const TimePoint start_;
  // Spares looking back before what is known, and ahead again; never changes an answer.
  std::uint64_t known_slot_ = 0;
  std::uint64_t known_end_ = 0;  // The state stays the same from known_slot_ to before this.
  bool known_bad_;
};

}  // namespace faultline
