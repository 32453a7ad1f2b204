#pragma once

#include <vector>

#include "bench/child.h"

namespace faultline::bench::truth {

/// Keeps every processor of this machine from going to sleep, for as long as it
/// lives: a process on each that spins whenever nothing else wants to run
/// (SCHED_IDLE, see sched(7)), so it takes no time from anyone. A virtual
/// processor that sleeps has to be woken by its host, which took up to 40 ms on
/// a host with other guests: 1 % of an emulator's packets came 4 to 6 ms late,
/// and 0.5 ms with this.
class Wakefulness {
 public:
  /// On a processor whose process cannot be started, nothing is done: what
  /// comes late is counted anyhow.
  Wakefulness();

 private:
  std::vector<Child> spinners_;
};

}  // namespace faultline::bench::truth
