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
    : is_clear_(is_clear(settings)), settings_(settings), key_(memory.random.next()) {
  auto* before = dynamic_cast<Simulation*>(memory.keepsake.get());
  if (before != nullptr && before->congestion == settings.path.congestion) {
    static_cast<void>(memory.keepsake.release());
    simulation_.reset(before);
    resumes_ = true;
  } else {
    simulation_ = std::make_unique<Simulation>(settings.path, key_);
  }
}

void PathModel::on_start(TimePoint now, Outlet& out) {
  if (is_clear_) return;
  if (resumes_) return out.wake(now);
  simulation_->starts_at = after(now, std::clamp(settings_.handshake, Duration(0), kLongest));
}

void PathModel::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (is_clear_) return out.send(std::move(chunk), arrived);
  const std::size_t bytes = chunk.size();
  out.send(std::move(chunk), kNever);
  held_ += bytes;
  waiting_ += bytes;
  if (!resumes_) play(arrived, out);
}

/// FIN leaves with the last byte held; by itself it is a packet.
void PathModel::on_finish(TimePoint arrived, Outlet& out) {
  if (is_clear_) return out.finish(arrived);
  out.finish(kNever);
  if (held_ > 0) return;
  waiting_ += kFinishBytes;
  if (!resumes_) play(arrived, out);
}

void PathModel::on_wake(TimePoint now, Outlet& out) {
  if (resumes_) resume(now, out);
  play(now, out);
}

void PathModel::on_replace(StageMemory& memory) {
  if (!is_clear_) memory.keepsake = std::move(simulation_);
}

/// It has been told of all that the one before held: what was delivered and has
/// not gone yet, what is on the way, and what comes after that.
void PathModel::resume(TimePoint now, Outlet& out) {
  resumes_ = false;
  if (waiting_ < simulation_->on_way) {  // It is for other bytes now, as after a new `after`.
    simulation_ = std::make_unique<Simulation>(settings_.path, key_);
    simulation_->starts_at = now;
    return;
  }
  simulation_->path.change(settings_.path, now);
  if (now < simulation_->starts_at) return;
  const std::uint64_t delivered = std::exchange(waiting_, 0) - simulation_->on_way;
  if (delivered == 0) return;
  const std::uint64_t bytes = std::min(delivered, held_);
  held_ -= bytes;
  out.release(bytes, now);
}

void PathModel::play(TimePoint now, Outlet& out) {
  if (now < simulation_->starts_at) {
    out.wake(simulation_->starts_at);
    return;
  }
  TcpPath& path = simulation_->path;
  if (waiting_ > 0) {
    simulation_->on_way += waiting_;
    path.send(std::exchange(waiting_, 0), now);
  }
  path.advance(now);
  std::uint64_t delivered = 0;
  while (const auto delivery = path.take_delivery()) delivered += delivery->bytes;
  if (delivered > 0) {
    simulation_->on_way -= delivered;
    delivered = std::min(delivered, held_);  // A lone FIN is no byte of the stream.
    held_ -= delivered;
    out.release(delivered, now);
  }
  out.wake(std::max(path.next_event(), now + kLeastSleep));
}

}  // namespace faultline
