#include "bench/truth/emulator.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "base/verify.h"
#include "bench/stop.h"

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostPacketBytes = 1500;
constexpr int kMostReadsInARow = 64;  // Then others have their turn, and what is due goes out.
constexpr int kPriority = 10;
constexpr Duration kLongestWait = 200ms;
constexpr std::chrono::milliseconds kEndPatience = 2s;
constexpr char kIpv4 = 4;  // The first four bits of a packet.

}  // namespace

Emulator::Emulator(const std::vector<EmulatedLink>& links, std::uint64_t seed,
                   EmulatorCounters& counters) {
  for (std::size_t i = 0; i < links.size(); ++i) {
    const EmulatedLink& link = links[i];
    const std::uint64_t key = derive_key(seed, i);
    wires_.emplace_back(link.client_device, link.server_device, link.settings.upstream,
                        derive_key(key, "upstream"), counters);
    wires_.emplace_back(link.server_device, link.client_device, link.settings.downstream,
                        derive_key(key, "downstream"), counters);
  }
  for (Wire& wire : wires_) poller_.add(wire.from(), EPOLLIN, wire);
}

void Emulator::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param priority{.sched_priority = kPriority};
  sched_setscheduler(0, SCHED_FIFO, &priority);  // Where it is refused, lateness says so.
  while (!stop_requested()) {
    TimePoint due = now() + kLongestWait;
    for (const Wire& wire : wires_) due = std::min(due, wire.next_due());
    poller_.turn(due);
    for (Wire& wire : wires_) wire.deliver();
  }
}

void Emulator::Wire::read() {
  for (int i = 0; i < kMostReadsInARow; ++i) {
    std::vector<char> packet(kMostPacketBytes);
    const ssize_t size = ::read(from_, packet.data(), packet.size());
    if (size <= 0) return;
    packet.resize(static_cast<std::size_t>(size));
    if (packet.front() >> 4 != kIpv4) continue;
    switch (direction_.offer(now(), std::move(packet))) {
      case LinkDirection::Fate::kCarried:
        break;
      case LinkDirection::Fate::kLost:
        ++counters_.lost;
        break;
      case LinkDirection::Fate::kQueueFull:
        ++counters_.queue_full;
        break;
      case LinkDirection::Fate::kOverflow:
        ++counters_.overflows;
        break;
    }
  }
}

void Emulator::Wire::deliver() {
  while (direction_.next_due() != kNever) {
    const TimePoint present = now();
    if (direction_.next_due() > present) return;
    const LinkDirection::Packet packet = direction_.take();
    counters_.lateness.record(present - packet.due);
    const ssize_t written = write(to_, packet.bytes.data(), packet.bytes.size());
    if (written == static_cast<ssize_t>(packet.bytes.size())) {
      ++counters_.carried;
    } else {
      ++counters_.refused;
    }
  }
}

Result<std::unique_ptr<EmulatorProcess>> EmulatorProcess::start(
    const std::vector<EmulatedLink>& links, std::uint64_t seed) {
  std::unique_ptr<EmulatorProcess> process(new EmulatorProcess);
  void* const memory = mmap(nullptr, sizeof(EmulatorCounters), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  VERIFY(memory != MAP_FAILED);
  process->counters_ = new (memory) EmulatorCounters;
  auto child = Child::fork_off([&] {
    Emulator(links, seed, *process->counters_).run();
    return 0;
  });
  if (!child) return within("emulator", child.error());
  process->child_ = *std::move(child);
  return process;
}

EmulatorProcess::~EmulatorProcess() {
  munmap(counters_, sizeof(EmulatorCounters));
}

const EmulatorCounters& EmulatorProcess::end() {
  child_.end(kEndPatience);
  return *counters_;
}

}  // namespace faultline::bench::truth
