#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Stops for good at the first message that would not fit into one packet of a
/// smaller MTU: what a path that drops large packets, and says nothing, looks
/// like. For where packets cannot be filtered; it sees reads, not packets, so a
/// sender that writes little at a time is not noticed.
///
/// Nothing is lost: when the toxic is removed all goes on.
class MtuBlackhole final : public Toxic {
 public:
  explicit MtuBlackhole(std::size_t mtu) : most_(mtu > kHeaders ? mtu - kHeaders : 0) {}

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    is_stuck_ = is_stuck_ || chunk.size() > most_;
    out.send(std::move(chunk), is_stuck_ ? kNever : arrived);
  }
  void on_finish(TimePoint arrived, Outlet& out) override {
    out.finish(is_stuck_ ? kNever : arrived);
  }

 private:
  static constexpr std::size_t kHeaders = 52;  // IPv4, TCP and its timestamps.

  const std::size_t most_;
  bool is_stuck_ = false;
};

}  // namespace faultline
