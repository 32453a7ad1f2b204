#include "bench/load.h"

#include "bench/poller.h"

namespace faultline::bench {

Stopwatch::Stopwatch(const Target& target) : target_(target) {
  if (target.cost) cpu_seconds_ = target.cost->cpu_seconds();
  started_ = now();
}

void Stopwatch::stop(LoadResult& result) const {
  result.seconds = std::chrono::duration<double>(now() - started_).count();
  if (target_.cost) result.cpu_seconds = target_.cost->cpu_seconds() - cpu_seconds_;
}

}  // namespace faultline::bench
