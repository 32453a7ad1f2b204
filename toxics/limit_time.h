#pragma once

#include <algorithm>
#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Ends the connection once its time is up, however busy it is: a load balancer
/// that lets none grow old. Until then bytes pass untouched.
///
/// The time counts from when the toxic reached the link (or was last changed).
class LimitTime final : public Toxic {
 public:
  enum class Ending {
    kClose,  ///< FIN to both peers, behind what is on its way.
    kReset,  ///< RST to both peers, at once.
  };

  /// A `time` of 0 or less ends it at once.
  LimitTime(Duration time, Ending ending) : time_(std::max(time, Duration(0))), ending_(ending) {}

  void on_start(TimePoint now, Outlet& out) override { out.wake(after(now, time_)); }
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);
  }
  void on_wake(TimePoint now, Outlet& out) override {
    if (ending_ == Ending::kClose) {
      out.close(now);
    } else {
      out.reset();
    }
  }
  bool sees_bytes() const override { return false; }

 private:
  const Duration time_;
  const Ending ending_;
};

}  // namespace faultline
