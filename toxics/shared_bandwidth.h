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
class SharedBandwidth final : public Toxic {
 public:
  /// `line` outlives the toxic. All who share it have the same rate.
  SharedBandwidth(Rate rate, SharedLine& line) : rate_(rate), line_(line) {}
  ~SharedBandwidth() override;
  SharedBandwidth(const SharedBandwidth&) = delete;
  SharedBandwidth& operator=(const SharedBandwidth&) = delete;

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint now, Outlet& out) override;
  std::size_t window() const override { return rate_.window(); }

 private:
  void take_turn(TimePoint ready, Outlet& out);
  void leave_line();

  const Rate rate_;
  SharedLine& line_;
  TimePoint started_{};
  std::size_t waiting_bytes_ = 0;  ///< Held, and not on the line yet.
  bool on_line_ = false;
};

}  // namespace faultline
