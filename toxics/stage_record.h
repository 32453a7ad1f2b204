#pragma once

#include <cstddef>
#include <cstdint>

#include "toxics/toxic_budget.h"
#include "toxics/toxic_counters.h"

namespace faultline {

/// What a toxic has really done to one connection, on both of its links: counts
/// the connection once. Of one worker; outlives the stages.
class AppliedOnce {
 public:
  /// It has done something: for the first time, or not.
  void note(ToxicCounters& counters) {
    if (has_acted_) return;
    has_acted_ = true;
    count(counters.applied);
  }

 private:
  bool has_acted_ = false;
};

/// Where one stage of a chain enters what its toxic does. All may be null.
struct StageRecord {
  ToxicCounters* counters = nullptr;
  AppliedOnce* applied = nullptr;
  ToxicBudget* budget = nullptr;

  /// It has changed what its link sees: bytes, their times, or the end.
  void note_act() const {
    if (counters != nullptr && applied != nullptr) applied->note(*counters);
  }
  /// It makes so many bytes wait.
  void note_delayed(std::size_t bytes) const {
    if (counters != nullptr) count(counters->delayed_bytes, bytes);
    if (budget != nullptr) budget->note_delayed(bytes);
    note_act();
  }
  /// It has swallowed so many.
  void note_dropped(std::size_t bytes) const {
    if (counters != nullptr) count(counters->dropped_bytes, bytes);
    note_act();
  }
};

}  // namespace faultline
