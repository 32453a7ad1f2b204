#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "base/time.h"
#include "bench/pattern.h"
#include "bench/poller.h"
#include "bench/wire.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench {

/// What the origin tells the load generator, and the other way round: in
/// memory that both processes share. Counts are of the present run.
struct OriginCounters {
  std::atomic<std::uint32_t> run{0};
  std::atomic<bool> stop_sources{false};
  std::atomic<std::uint32_t> active_sources{0};
  std::atomic<std::uint64_t> sourced_bytes{0};
  std::atomic<std::uint64_t> sunk_bytes{0};
  std::atomic<std::uint64_t> mismatches{0};  ///< Pieces that were not what they should be.

  // Of watched echoes, whatever the run.
  std::atomic<TimePoint> late_from{kNever};            ///< Bytes that come from then on are late.
  std::atomic<std::uint64_t> late_bytes{0};            ///< So many are.
  std::atomic<TimePoint> last_byte{TimePoint::min()};  ///< When one last came.
};

/// The server behind every contender: one thread, on one port, with the role
/// that each connection asks for.
class Origin {
 public:
  /// `counters` must outlive the origin.
  Origin(FileDescriptor listener, std::uint64_t nonce, OriginCounters& counters);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  /// Serves until the process is told to stop.
  void run();

 private:
  class Peer;

  class Listener final : public Handler {
   public:
    explicit Listener(Origin& origin) : origin_(origin) {}
    void on_ready(std::uint32_t) override { origin_.accept_all(); }

   private:
    Origin& origin_;
  };

  void accept_all();
  void retire(Peer& peer);

  const FileDescriptor listener_;
  const std::uint64_t nonce_;
  OriginCounters& counters_;
  const Pattern pattern_;
  Poller poller_;
  Listener accepting_{*this};
  std::vector<char> buffer_;  // For the bytes of one read.
  std::list<std::unique_ptr<Peer>> peers_;
  std::list<std::unique_ptr<Peer>> retired_;  // Destroyed after the present turn.
};

}  // namespace faultline::bench
