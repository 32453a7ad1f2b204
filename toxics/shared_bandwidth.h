#pragma once

#include <cstddef>

#include "toxics/rate.h"
#include "toxics/shared_line.h"
#include "toxics/toxic.h"

namespace faultline {

/// Bandwidth that all links of a proxy have together, fair between those that
/// have something to send.
///
///   link A: [A3 A2] --+
///   link B: [B3 B2] --+--> | C1 | B1 | A1 |   the line: at most one piece of each
///   link C: [C3 C2] --+
///
/// A link puts its next piece on the line when its last one is through, so
/// they take turns, whatever each of them holds. Who has just come waits for
/// one round; a link that dies leaves no more than its piece behind. A loop
/// that is late costs its links turns only if it is later than a round takes:
/// 10 ms for each link, and at most 100 ms (on a very thin line, 128 bytes' time).
/// A piece that is on the line keeps its place while a ramp moves the rate: with
/// many links a round takes as long as a step, and nobody would get through.
class SharedBandwidth final : public Toxic {
 public:
  /// `line` outlives the toxic. All who share it have the same rate. `memory` may
  /// have what the one before has on the line; not used after that.
  SharedBandwidth(Rate rate, SharedLine& line, StageMemory& memory);
  ~SharedBandwidth() override;
  SharedBandwidth(const SharedBandwidth&) = delete;
  SharedBandwidth& operator=(const SharedBandwidth&) = delete;

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint now, Outlet& out) override;
  void on_replace(StageMemory& memory) override;
  std::size_t window() const override { return rate_.window(); }

 private:
  /// The piece of this link that is on the line.
  struct Turn final : Keepsake {
    Turn(const SharedLine& its_line, std::size_t its_bytes, TimePoint its_end)
        : line(&its_line), bytes(its_bytes), through(its_end) {}
    const SharedLine* line;  // Only to be compared.
    std::size_t bytes;
    TimePoint through;
  };

  void take_turn(TimePoint ready, Outlet& out);
  void leave_line();

  const Rate rate_;
  SharedLine& line_;
  TimePoint started_{};
  std::size_t waiting_bytes_ = 0;  ///< Held, and not on the line yet.
  bool on_line_ = false;
  std::size_t turn_bytes_ = 0;  ///< Of the piece on the line...
  TimePoint through_{};         ///< ...until then.
  std::size_t unclaimed_ = 0;   ///< Of that, what it has not been told of again.
};

}  // namespace faultline
