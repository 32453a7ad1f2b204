#pragma once

#include "toxics/toxic.h"

namespace faultline {

/// Resets the connection: both peers see RST, idle or busy, new or long open.
///
/// The wait starts with the first byte or end of stream in its direction, or
/// after 10 ms of silence: time for a client that has just connected to say
/// what it wanted to say, so that it is its read that fails. Bytes that arrive
/// during the wait are held, so a toxic that is removed in time loses nothing.
class ResetPeer final : public Toxic {
 public:
  /// A `wait` of less than 0 is 0.
  explicit ResetPeer(Duration wait);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_finish(TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint /*now*/, Outlet& out) override { out.reset(); }

 private:
  void start_wait(TimePoint from, Outlet& out);

  const Duration wait_;
  bool waiting_ = false;
};

}  // namespace faultline
