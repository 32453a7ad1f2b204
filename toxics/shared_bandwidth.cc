#include "toxics/shared_bandwidth.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// With many links pieces become smaller, so that each has its turn every 100 ms.
constexpr std::uint64_t kRoundsPerSecond = 10;

}  // namespace

SharedBandwidth::~SharedBandwidth() {
  leave_line();
}

void SharedBandwidth::on_start(TimePoint now, Outlet& /*out*/) {
  started_ = now;
}

void SharedBandwidth::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  waiting_bytes_ += chunk.size();
  out.send(std::move(chunk), kNever);
  if (rate_.is_zero() || on_line_) return;
  on_line_ = true;
  line_.join();
  take_turn(std::max(arrived, started_), out);
}

void SharedBandwidth::on_wake(TimePoint now, Outlet& out) {
  if (waiting_bytes_ > 0) {
    take_turn(now, out);
  } else {
    leave_line();
  }
}

void SharedBandwidth::take_turn(TimePoint ready, Outlet& out) {
  const std::uint64_t pieces_per_second =
      std::max(Rate::kPiecesPerSecond, kRoundsPerSecond * line_.links());
  const std::size_t size = std::min(waiting_bytes_, rate_.piece(pieces_per_second));
  const TimePoint through = line_.reserve(ready, rate_.time_for(size));
  waiting_bytes_ -= size;
  out.release(size, through);
  out.wake(through);
}

void SharedBandwidth::leave_line() {
  if (std::exchange(on_line_, false)) line_.leave();
}

}  // namespace faultline
