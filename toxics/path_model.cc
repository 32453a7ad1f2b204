#include "toxics/path_model.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// Packets of a fast path come one by one each few microseconds; a timer for
/// each would cost more than it is worth.
constexpr Duration kLeastSleep = std::chrono::microseconds(100);

/// FIN takes a number of the sequence, as a byte does.
constexpr std::uint64_t kFinishBytes = 1;

bool is_clear(const PathModelSettings& settings) {
  const TcpPathSettings& path = settings.path;
  return !path.adds_delay && path.loss.is_lossless() && path.ack_loss.is_lossless() &&
         path.bytes_per_second == 0 && settings.handshake <= Duration(0);
}

}  // namespace

PathModel::PathModel(const PathModelSettings& settings, StageMemory& memory)
    : is_clear_(is_clear(settings)),
      handshake_(std::clamp(settings.handshake, Duration(0), kLongest)),
      path_(settings.path, memory.random.next()) {}

void PathModel::on_start(TimePoint now, Outlet& /*out*/) {
  starts_at_ = after(now, handshake_);
}

void PathModel::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (is_clear_) return out.send(std::move(chunk), arrived);
  const std::size_t bytes = chunk.size();
  out.send(std::move(chunk), kNever);
  held_ += bytes;
  waiting_ += bytes;
  play(arrived, out);
}

/// FIN leaves with the last byte held; by itself it is a packet.
void PathModel::on_finish(TimePoint arrived, Outlet& out) {
  if (is_clear_) return out.finish(arrived);
  out.finish(kNever);
  if (held_ > 0) return;
  waiting_ += kFinishBytes;
  play(arrived, out);
}

void PathModel::on_wake(TimePoint now, Outlet& out) {
  play(now, out);
}

void PathModel::play(TimePoint now, Outlet& out) {
  if (now < starts_at_) {  // Or the toxic before this one was told of it.
    out.wake(starts_at_);
    return;
  }
  if (waiting_ > 0) path_.send(std::exchange(waiting_, 0), now);
  path_.advance(now);
  std::uint64_t delivered = 0;
  while (const auto delivery = path_.take_delivery()) delivered += delivery->bytes;
  if (delivered > 0) {
    delivered = std::min(delivered, held_);  // A lone FIN is no byte of the stream.
    held_ -= delivered;
    out.release(delivered, now);
  }
  const TimePoint next = path_.next_event();
  out.wake(std::max(next, now + kLeastSleep));
}

}  // namespace faultline
