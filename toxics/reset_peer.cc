#include "toxics/reset_peer.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

constexpr Duration kSilence = std::chrono::milliseconds(10);

}  // namespace

ResetPeer::ResetPeer(Duration wait) : wait_(std::max(wait, Duration(0))) {}

void ResetPeer::on_start(TimePoint now, Outlet& out) {
  out.wake(after(now, kSilence + wait_));
}

void ResetPeer::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  start_wait(arrived, out);
  out.send(std::move(chunk), kNever);
}

void ResetPeer::on_finish(TimePoint arrived, Outlet& out) {
  start_wait(arrived, out);
  out.finish(kNever);
}

void ResetPeer::start_wait(TimePoint from, Outlet& out) {
  if (std::exchange(waiting_, true)) return;
  out.wake(after(from, wait_));
}

}  // namespace faultline
