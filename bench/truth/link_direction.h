#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/time.h"
#include "bench/truth/loss_process.h"

namespace faultline::bench::truth {

/// What one direction of a link does to packets.
struct DirectionSettings {
  Duration delay{};               ///< One way.
  LossSettings loss = {};         ///< On the wire: a lost packet has used the line.
  double bytes_per_second = 0;    ///< 0: no limit. Counts whole IP packets.
  std::size_t queue_bytes = 0;    ///< What may wait for the line. 0: no limit.
  std::size_t most_held = 16384;  ///< Packets in flight and waiting; memory, not a model.
};

/// One direction of an emulated link: a queue that drops at its tail, a line of
/// some rate, loss, and a constant delay. It decides in the times it is told.
///
///     offer() --> [ queue_bytes ] --> line --> loss --> delay --> take()
class LinkDirection {
 public:
  struct Packet {
    TimePoint due;
    std::vector<char> bytes;
  };
  enum class Fate { kCarried, kLost, kQueueFull, kOverflow };

  LinkDirection(const DirectionSettings& settings, std::uint64_t key)
      : settings_(settings), losses_(settings.loss, Random(key)) {}

  /// A packet enters at `now`. kOverflow: more are held than this program wants
  /// to, which no link would do; whoever sees it has measured nothing.
  /// REQUIRES: `now` does not go back.
  Fate offer(TimePoint now, std::vector<char> packet);

  /// When the first packet leaves; kNever if none is held.
  TimePoint next_due() const { return held_.empty() ? kNever : held_.front().due; }

  /// The packet that is due first. REQUIRES: there is one.
  Packet take();

 private:
  /// When the last byte of a packet of that size is on the wire, or kNever if
  /// the queue is full.
  TimePoint transmit(TimePoint now, std::size_t size);

  const DirectionSettings settings_;
  LossProcess losses_;
  TimePoint line_is_free_{};
  std::deque<Packet> held_;
};

}  // namespace faultline::bench::truth
