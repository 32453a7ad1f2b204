#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Lets nothing through, and loses nothing: a cable that was pulled.
///
/// The connection stays open. What arrives is held, the end of the stream too,
/// until no more fits into its window; then the link stops reading, so the
/// sender's own buffers fill. With a window of 0 it does not read at all: an
/// application that hangs while its machine is well. When the toxic is removed
/// all of it goes on, in order.
class Stall final : public Toxic {
 public:
  explicit Stall(std::size_t window = kSmallWindow) : window_(window) {}

  void on_data(Chunk chunk, TimePoint /*arrived*/, Outlet& out) override {
    out.send(std::move(chunk), kNever);
  }
  void on_finish(TimePoint /*arrived*/, Outlet& out) override { out.finish(kNever); }
  std::size_t window() const override { return window_; }

 private:
  const std::size_t window_;
};

}  // namespace faultline
