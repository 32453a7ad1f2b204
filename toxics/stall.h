#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Lets nothing through, and loses nothing: a cable that was pulled.
///
/// The connection stays open. What arrives is held, the end of the stream too,
/// until little more fits; then the link stops reading, so the sender's own
/// buffers fill. When the toxic is removed all of it goes on, in order.
class Stall final : public Toxic {
 public:
  void on_data(Chunk chunk, TimePoint /*arrived*/, Outlet& out) override {
    out.send(std::move(chunk), kNever);
  }
  void on_finish(TimePoint /*arrived*/, Outlet& out) override { out.finish(kNever); }
};

}  // namespace faultline
