#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Passes bytes untouched, and the end of the stream only after a while.
class SlowClose final : public Toxic {
 public:
  explicit SlowClose(Duration delay) : delay_(delay) {}

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);
  }
  void on_finish(TimePoint arrived, Outlet& out) override { out.finish(after(arrived, delay_)); }
  bool sees_bytes() const override { return false; }

 private:
  const Duration delay_;
};

}  // namespace faultline
