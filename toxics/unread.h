#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Does not read: what the sender says stays in its socket's buffers until they
/// are full. An application that hangs while its machine is well.
///
/// Nothing is lost: when the toxic is removed all is read.
class Unread final : public Toxic {
 public:
  void on_data(Chunk chunk, TimePoint /*arrived*/, Outlet& out) override {
    out.send(std::move(chunk), kNever);  // What was read before, or came with its end.
  }
  void on_finish(TimePoint /*arrived*/, Outlet& out) override { out.finish(kNever); }
  std::size_t window() const override { return 0; }
};

}  // namespace faultline
