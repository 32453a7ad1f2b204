#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Ends one direction of the connection: its receiver sees FIN, and the other
/// direction goes on. Until then bytes pass untouched; what is sent afterwards
/// is swallowed.
///
/// An end cannot be taken back: when the toxic is removed or changed after it,
/// the direction stays closed. (`truncate` does this after so many bytes.)
class HalfClose final : public Toxic {
 public:
  /// A `delay` of 0 or less: at once. It counts from when the toxic reached the
  /// link (or was last changed).
  explicit HalfClose(Duration delay) : delay_(delay) {}

  void on_start(TimePoint now, Outlet& out) override {
    if (delay_.count() <= 0) {
      on_wake(now, out);
    } else {
      out.wake(after(now, delay_));
    }
  }
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);  // After the end the outlet ignores it.
  }
  void on_wake(TimePoint now, Outlet& out) override {
    ended_ = true;
    out.finish(now);
  }

  /// From the end on: what comes must not go round the toxic.
  bool sees_bytes() const override { return ended_; }

 private:
  const Duration delay_;
  bool ended_ = false;
};

}  // namespace faultline
