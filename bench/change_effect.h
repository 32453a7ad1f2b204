#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace faultline::bench {

/// A message that went out and came back.
struct Echo {
  TimePoint sent;
  TimePoint back;
};

/// A latency toxic was there from one call to the next.
struct Change {
  TimePoint add_called;
  TimePoint add_answered;
  TimePoint remove_called;
  TimePoint remove_answered;
  TimePoint next_called = kNever;  ///< The following `add_called`.
};

/// What messages take that no toxic touches, at any time of a run: a proxy
/// that is busy is late for these too.
class UsualDelay {
 public:
  explicit UsualDelay(std::vector<Echo> untouched);

  /// Of those sent about the same time, the slowest counts; 0 if there were none.
  Duration at(TimePoint sent) const;

 private:
  std::vector<Echo> untouched_;  // In the order they were sent.
};

/// What one kind of call did, over all changes.
struct Effect {
  std::vector<double> reply_ms;
  std::vector<double> effect_ms;
  double missed = 0;            ///< Messages sent after the answer that the change had not reached.
  std::size_t seen = SIZE_MAX;  ///< After the call with the fewest, messages that could have told.

  void add(Duration reply, Duration effect, std::size_t seen_by_it);
};

/// Until when messages still went through as if the toxic, of `latency`, were not there.
void judge_add(const Change& change, const std::vector<Echo>& echoes, Duration latency,
               Effect& effect);

/// Until when messages that were held came back.
void judge_remove(const Change& change, const std::vector<Echo>& echoes, Duration latency,
                  const UsualDelay& usual, Effect& effect);

/// Both kinds of call as one.
Effect both(Effect all, const Effect& other);

}  // namespace faultline::bench
