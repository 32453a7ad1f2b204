#pragma once

#include <vector>

#include "bench/child.h"

namespace faultline::bench {

/// Keeps every processor of this machine from going to sleep, for as long as it
/// lives: a process on each that spins whenever nothing else wants to run
/// (SCHED_IDLE, see sched(7)), so it takes no time from anyone. A virtual
/// processor that sleeps has to be woken by its host, which takes its time: see
/// docs/fidelity.md for what that did to the emulator.
class Wakefulness {
 public:
  /// On a processor whose process cannot be started, nothing is done: what
  /// comes late is counted anyhow.
  Wakefulness();

 private:
  std::vector<Child> spinners_;
};

}  // namespace faultline::bench
