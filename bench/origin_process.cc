#include "bench/origin_process.h"

#include <sys/mman.h>

#include <new>
#include <random>

#include "base/verify.h"
#include "bench/socket.h"

namespace faultline::bench {

Result<std::unique_ptr<OriginProcess>> OriginProcess::start(std::uint16_t port) {
  auto listener = listen_on_loopback(port);
  if (!listener) return within("origin", listener.error());
  std::unique_ptr<OriginProcess> origin(new OriginProcess);
  origin->port_ = port_of(*listener);
  std::random_device random;
  origin->nonce_ = (std::uint64_t{random()} << 32U) | random();
  void* const memory = mmap(nullptr, sizeof(OriginCounters), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  VERIFY(memory != MAP_FAILED);
  origin->counters_ = new (memory) OriginCounters;

  auto child = Child::fork_off([&] {
    Origin(*std::move(listener), origin->nonce_, *origin->counters_).run();
    return 0;
  });
  if (!child) return within("origin", child.error());
  origin->child_ = *std::move(child);
  return origin;
}

OriginProcess::~OriginProcess() {
  munmap(counters_, sizeof(OriginCounters));
}

void OriginProcess::start_run() {
  counters_->stop_sources = true;
  ++counters_->run;
  counters_->active_sources = 0;
  counters_->sourced_bytes = 0;
  counters_->sunk_bytes = 0;
  counters_->mismatches = 0;
  counters_->stop_sources = false;
}

void OriginProcess::watch(TimePoint late_from) {
  counters_->late_from = late_from;
  counters_->late_bytes = 0;
}

Greeting OriginProcess::greeting(Role role) const {
  Greeting greeting;
  greeting.nonce = nonce_;
  greeting.run = counters_->run;
  greeting.role = role;
  return greeting;
}

}  // namespace faultline::bench
