#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace faultline::test {

/// Keeps processors from going to sleep while it lives: a thread on each spins
/// when nothing else wants to run (SCHED_IDLE), so it takes time from nobody. A
/// virtual processor that sleeps is woken by its host, which takes from some
/// microseconds to milliseconds; a test of microseconds would measure that.
class Wakefulness {
 public:
  Wakefulness();
  ~Wakefulness();
  Wakefulness(const Wakefulness&) = delete;
  Wakefulness& operator=(const Wakefulness&) = delete;

 private:
  std::atomic<bool> is_over_{false};
  std::vector<std::thread> spinners_;
};

}  // namespace faultline::test
