#include "toxics/shared_bandwidth.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// With many links pieces become smaller, so that each has its turn every 100 ms.
constexpr std::uint64_t kRoundsPerSecond = 10;

}  // namespace

SharedBandwidth::SharedBandwidth(Rate rate, SharedLine& line, StageMemory& memory)
    : rate_(rate), line_(line) {
  const auto* turn = dynamic_cast<const Turn*>(memory.keepsake.get());
  if (turn == nullptr || turn->line != &line_) return;
  turn_bytes_ = unclaimed_ = turn->bytes;
  through_ = turn->through;
}

SharedBandwidth::~SharedBandwidth() {
  leave_line();
}

void SharedBandwidth::on_start(TimePoint now, Outlet& out) {
  started_ = now;
  if (unclaimed_ == 0) return;
  on_line_ = true;
  line_.join();
  out.wake(through_);
}

void SharedBandwidth::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  waiting_bytes_ += chunk.size();
  out.send(std::move(chunk), kNever);
  if (unclaimed_ > 0) {
    const std::size_t claimed = std::min(unclaimed_, waiting_bytes_);
    unclaimed_ -= claimed;
    waiting_bytes_ -= claimed;
    out.release(claimed, through_);
  }
  if (rate_.is_zero() || on_line_) return;
  on_line_ = true;
  line_.join();
  take_turn(std::max(arrived, started_), out);
}

void SharedBandwidth::on_replace(StageMemory& memory) {
  if (on_line_) memory.keepsake = std::make_unique<Turn>(line_, turn_bytes_, through_);
}

void SharedBandwidth::on_wake(TimePoint now, Outlet& out) {
  unclaimed_ = 0;
  if (waiting_bytes_ > 0 && !rate_.is_zero()) {
    take_turn(now, out);
  } else {
    leave_line();
  }
}

void SharedBandwidth::take_turn(TimePoint ready, Outlet& out) {
  const std::uint64_t pieces_per_second =
      std::max(Rate::kPiecesPerSecond, kRoundsPerSecond * line_.links());
  const std::size_t size = std::min(waiting_bytes_, rate_.piece(pieces_per_second));
  through_ = line_.reserve(ready, rate_.time_for(size));
  turn_bytes_ = size;
  waiting_bytes_ -= size;
  out.release(size, through_);
  out.wake(through_);
}

void SharedBandwidth::leave_line() {
  if (std::exchange(on_line_, false)) line_.leave();
}

}  // namespace faultline
