#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Ends the connection, or one direction of it, once its time is up, however
/// busy it is. Until then bytes pass untouched; what comes afterwards is
/// swallowed.
///
/// The time counts from when the toxic reached the link, also across changes: a
/// shorter one may be over at once, and a ramp does not put the end off.
/// An end cannot be taken back: when the toxic is removed or changed after it,
/// what was closed stays closed.
class LimitTime final : public Toxic {
 public:
  enum class Ending {
    kClose,   ///< FIN to both peers, behind what is on its way.
    kReset,   ///< RST to both peers, at once.
    kFinish,  ///< FIN to the link's receiver; the other direction goes on.
  };

  /// A `time` of 0 or less ends it at once. `memory` may have the start of the
  /// one before.
  LimitTime(Duration time, Ending ending, const StageMemory& memory)
      : time_(time), ending_(ending) {
    if (const auto* start = dynamic_cast<const Start*>(memory.keepsake.get())) start_ = start->at;
  }

  void on_start(TimePoint now, Outlet& out) override {
    if (!start_) start_ = now;
    const TimePoint due = after(*start_, time_);
    if (due <= now) return end(now, out);
    out.wake(due);
  }
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);  // After the end the outlet ignores it.
  }
  void on_wake(TimePoint now, Outlet& out) override { end(now, out); }

  void on_replace(StageMemory& memory) override {
    memory.keepsake = std::make_unique<Start>(start_);
  }

  /// From the end on: what comes must not go round the toxic.
  bool sees_bytes() const override { return ended_; }

 private:
  struct Start final : Keepsake {
    explicit Start(std::optional<TimePoint> start) : at(start) {}
    const std::optional<TimePoint> at;
  };

  void end(TimePoint now, Outlet& out) {
    ended_ = true;
    if (ending_ == Ending::kReset) return out.reset();
    if (ending_ == Ending::kClose) return out.close(now);
    out.finish(now);
  }

  const Duration time_;
  const Ending ending_;
  std::optional<TimePoint> start_;  // Not before on_start().
  bool ended_ = false;
};

}  // namespace faultline
