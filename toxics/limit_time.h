#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Ends the connection, or one direction of it, once its time is up, however
/// busy it is. Until then bytes pass untouched; what comes afterwards is
/// swallowed.
///
/// The time counts from when the toxic reached the link (or was last changed).
/// An end cannot be taken back: when the toxic is removed or changed after it,
/// what was closed stays closed.
class LimitTime final : public Toxic {
 public:
  enum class Ending {
    kClose,   ///< FIN to both peers, behind what is on its way.
    kReset,   ///< RST to both peers, at once.
    kFinish,  ///< FIN to the link's receiver; the other direction goes on.
  };

  /// A `time` of 0 or less ends it at once.
  LimitTime(Duration time, Ending ending) : time_(time), ending_(ending) {}

  void on_start(TimePoint now, Outlet& out) override {
    if (time_ <= Duration(0)) return end(now, out);
    out.wake(after(now, time_));
  }
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);  // After the end the outlet ignores it.
  }
  void on_wake(TimePoint now, Outlet& out) override { end(now, out); }

  /// From the end on: what comes must not go round the toxic.
  bool sees_bytes() const override { return ended_; }

 private:
  void end(TimePoint now, Outlet& out) {
    ended_ = true;
    if (ending_ == Ending::kReset) return out.reset();
    if (ending_ == Ending::kClose) return out.close(now);
    out.finish(now);
  }

  const Duration time_;
  const Ending ending_;
  bool ended_ = false;
};

}  // namespace faultline
