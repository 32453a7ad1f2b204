#include "tests/support/wakefulness.h"

#include <sched.h>

namespace faultline::test {

namespace {

void spin_on(int processor, const std::atomic<bool>& is_over) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(processor, &processors);
  const sched_param none{.sched_priority = 0};
  // For this thread alone. At a higher priority it would be in everyone's way.
  if (sched_setscheduler(0, SCHED_IDLE, &none) != 0) return;
  if (sched_setaffinity(0, sizeof processors, &processors) != 0) return;
  while (!is_over) {
  }
}

}  // namespace

Wakefulness::Wakefulness() {
  cpu_set_t ours;
  if (sched_getaffinity(0, sizeof ours, &ours) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &ours)) continue;
    spinners_.emplace_back([this, processor] { spin_on(processor, is_over_); });
  }
}

Wakefulness::~Wakefulness() {
  is_over_ = true;
  for (std::thread& spinner : spinners_) spinner.join();
}

}  // namespace faultline::test
