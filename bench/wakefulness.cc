#include "bench/wakefulness.h"

#include <sched.h>

#include <utility>

#include "bench/stop.h"

namespace faultline::bench {

namespace {

int spin_on(int processor) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(processor, &processors);
  const sched_param none{.sched_priority = 0};
  // Never at a higher priority: it would be in everyone's way.
  if (sched_setscheduler(0, SCHED_IDLE, &none) != 0) return 1;
  if (sched_setaffinity(0, sizeof processors, &processors) != 0) return 1;
  while (!stop_requested()) {
  }
  return 0;
}

}  // namespace

Wakefulness::Wakefulness() {
  cpu_set_t ours;
  if (sched_getaffinity(0, sizeof ours, &ours) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &ours)) continue;
    auto spinner = Child::fork_off([&] { return spin_on(processor); });
    if (spinner) spinners_.push_back(*std::move(spinner));
  }
}

}  // namespace faultline::bench
