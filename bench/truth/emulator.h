#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "bench/child.h"
#include "bench/histogram.h"
#include "bench/poller.h"
#include "bench/truth/cell.h"
#include "bench/truth/link_direction.h"

namespace faultline::bench::truth {

/// What the emulator did, in memory that it shares with whoever started it.
/// Whole once the emulator has ended.
struct EmulatorCounters {
  LatencyHistogram lateness;  ///< Of each packet, beyond when it was due.
  std::uint64_t carried = 0;
  std::uint64_t lost = 0;        ///< As asked for.
  std::uint64_t queue_full = 0;  ///< As asked for: dropped in front of a line.
  std::uint64_t overflows = 0;   ///< Not asked for: too many packets in flight.
  std::uint64_t refused = 0;     ///< Not asked for: the kernel did not take a packet.
};

/// A link to emulate: its devices, and what it does.
struct EmulatedLink {
  int client_device = -1;
  int server_device = -1;
  LinkSettings settings;
};

/// Moves packets between the devices of links until the process is told to
/// stop. It asks for a real-time priority and a timer without slack, since what
/// comes late falsifies everything; counters say how late. What is not IPv4 is
/// thrown away.
class Emulator {
 public:
  /// The devices and `counters` must outlive it. `seed` decides what is lost.
  Emulator(const std::vector<EmulatedLink>& links, std::uint64_t seed, EmulatorCounters& counters);

  void run();

 private:
  /// From one device to the other.
  class Wire final : public Handler {
   public:
    Wire(int from, int to, const DirectionSettings& settings, std::uint64_t key,
         EmulatorCounters& counters)
        : from_(from), to_(to), direction_(settings, key), counters_(counters) {}

    void on_ready(std::uint32_t) override { read(); }
    TimePoint next_due() const { return direction_.next_due(); }
    /// Sends on what is due.
    void deliver();
    int from() const { return from_; }

   private:
    void read();

    const int from_;
    const int to_;
    LinkDirection direction_;
    EmulatorCounters& counters_;
  };

  Poller poller_;
  std::list<Wire> wires_;
};

/// An emulator in a process of its own; ended with this object.
class EmulatorProcess {
 public:
  /// Errors: kNetwork.
  static Result<std::unique_ptr<EmulatorProcess>> start(const std::vector<EmulatedLink>& links,
                                                        std::uint64_t seed);
  ~EmulatorProcess();
  EmulatorProcess(const EmulatorProcess&) = delete;
  EmulatorProcess& operator=(const EmulatorProcess&) = delete;

  /// Ends it and says what it did.
  const EmulatorCounters& end();

 private:
  EmulatorProcess() = default;

  EmulatorCounters* counters_ = nullptr;
  Child child_;
};

}  // namespace faultline::bench::truth
