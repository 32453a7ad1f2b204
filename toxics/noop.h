#pragma once

#include <utility>

#include "toxics/toxic.h"

namespace faultline {

/// Changes nothing: to measure the cost of having a toxic at all.
class Noop final : public Toxic {
 public:
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), arrived);
  }
  bool sees_bytes() const override { return false; }
};

}  // namespace faultline
