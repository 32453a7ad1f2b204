#pragma once

#include "toxics/toxic.h"

namespace faultline {

/// Swallows every byte, and ends the connection once its time is up: a peer
/// that has stopped answering.
///
/// The time counts from when the toxic reached the link (or was last changed),
/// whatever arrives meanwhile. A link it is removed from is closed: a stream
/// with a hole in it must not go on.
class Timeout final : public Toxic {
 public:
  /// A `patience` of 0 or less never ends the connection by itself.
  explicit Timeout(Duration patience) : patience_(patience) {}

  void on_start(TimePoint now, Outlet& out) override {
    if (patience_.count() > 0) out.wake(after(now, patience_));
  }
  void on_data(Chunk /*chunk*/, TimePoint /*arrived*/, Outlet& /*out*/) override {}
  void on_finish(TimePoint arrived, Outlet& out) override { out.close(arrived); }
  void on_wake(TimePoint now, Outlet& out) override { out.close(now); }
  void on_remove(TimePoint now, Outlet& out) override { out.close(now); }

 private:
  const Duration patience_;
};

}  // namespace faultline
