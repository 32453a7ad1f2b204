#include "proxy/pump.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// What a link may send in one turn. With thousands of busy links a turn must
/// stay short all the same: control calls wait for its end.
constexpr std::size_t kBytesPerTurn = 64 * 1024;

/// The same for bytes that are spliced: they cost less.
constexpr std::size_t kSplicedPerTurn = 256 * 1024;

/// A link that was bulk and has so few bytes at a time is copied again: below
/// this, two copies cost less than the calls that save them.
constexpr std::size_t kLeastBulk = 32 * 1024;

/// What one read takes.
constexpr std::size_t kMostAtOnce = BufferPool::kBufferBytes;

/// A close that a toxic asks for waits so long for a peer that takes no bytes.
constexpr Duration kClosePatience = std::chrono::seconds(1);

/// A link that holds more leaves its sending to the next turn when its toxics
/// are changed: the control call waits for all links to be changed, not for
/// what they held to be sent.
constexpr std::size_t kSendWhenChanged = 4 * 1024;

}  // namespace

Pump::Pump(Worker& worker, Direction direction, Socket& source, Socket& destination,
           ProxyCounters& counters)
    : worker_(worker),
      source_(source),
      destination_(destination),
      bursts_(direction),
      received_bytes_(counters.received_bytes[static_cast<std::size_t>(direction)]),
      sent_bytes_(counters.sent_bytes[static_cast<std::size_t>(direction)]) {}

Pump::~Pump() {
  if (pipe_ != nullptr) worker_.pipes().give_back(std::move(pipe_));
  worker_.account(accounted_, 0);
}

void Pump::arrange(const std::vector<StagePlan>& plan, TimePoint now) {
  if (plan.empty() && chain_ == nullptr) return;
  if (chain_ == nullptr) chain_ = std::make_unique<ToxicChain>(worker_.link_window_bytes());
  chain_->arrange(plan, now);
  if (is_blocked() || chain_->held_memory() <= kSendWhenChanged) deliver(now);
  settle_memory();
}

bool Pump::read(TimePoint now) {
  if (chain_ != nullptr) deliver(now);  // Makes room.
  if (is_open() && source_.may_read() && !passes_through() &&
      worker_.room_for(chain_->held_memory()) < std::min(kMostAtOnce, chain_->room())) {
    worker_.note_limited_read();
  }
  if (!can_read(now)) return false;
  const bool came = is_bulk_ && passes_through() && is_open() ? splice(now) : copy(now);
  settle_memory();
  return came;
}

bool Pump::copy(TimePoint now) {
  if (const std::optional<Socket::EarlyRead> early = source_.take_early_read()) {
    return pass_on(*early, now);
  }
  bool came = false;
  do {
    const Transfer transfer = source_.read(worker_.buffers().scratch(), room(now));
    if (transfer.state != Transfer::State::kMoved) {
      note_end(transfer.state, now);
      break;
    }
    came = true;
    take_in(transfer.bytes, now);
    is_bulk_ = transfer.bytes == BufferPool::kBufferBytes && source_.may_splice();
  } while (source_.is_at_end() && room(now) > 0);  // Then the end has come along.
  return came;
}

/// Passes on what was read beforehand. True if that is bytes.
bool Pump::pass_on(const Socket::EarlyRead& early, TimePoint now) {
  if (early.transfer.state != Transfer::State::kMoved) {
    note_end(early.transfer.state, now);
    return false;
  }
  note_received(early.bytes.size(), now);
  if (is_swallowing()) return true;
  is_bulk_ = early.bytes.size() == kMostAtOnce && source_.may_splice();
  if (destination_.may_write()) {
    to_write_ = early.bytes;
  } else {
    unsent_.emplace(early.bytes);
  }
  return true;
}

void Pump::note_written(ssize_t result, TimePoint now) {
  const std::string_view bytes = std::exchange(to_write_, {});
  const Transfer transfer = destination_.note_late_write(result, bytes.size());
  note_sent(transfer.bytes);
  if (transfer.state == Transfer::State::kBroken) destination_dead_ = true;
  if (transfer.bytes < bytes.size() && !destination_dead_) {
    unsent_.emplace(bytes.substr(transfer.bytes));
  }
  if (source_.is_at_end() && room(now) > 0) end_source(Finish{}, now);  // It has come along.
  settle_memory();
}

bool Pump::splice(TimePoint now) {
  std::size_t moved = 0;
  while (moved < kSplicedPerTurn) {
    if (source_.may_splice()) pipe_ = worker_.pipes().take();
    if (pipe_ == nullptr) {
      is_bulk_ = false;
      break;
    }
    const std::size_t most = chain_ == nullptr ? SIZE_MAX : chain_->allowance(now);
    const Transfer transfer = source_.splice_into(*pipe_, most);
    if (transfer.state != Transfer::State::kMoved) {
      if (moved < kLeastBulk) is_bulk_ = false;
      worker_.pipes().give_back(std::move(pipe_));
      note_end(transfer.state, now);
      break;
    }
    moved += transfer.bytes;
    note_received(transfer.bytes, now);
    note_passed(transfer.bytes);
    if (!empty_pipe() || !can_read(now)) break;
  }
  return moved > 0;
}

/// True if the destination took all that was in the pipe.
bool Pump::empty_pipe() {
  while (pipe_->held > 0) {
    const Transfer transfer = destination_.splice_from(*pipe_);
    if (transfer.state == Transfer::State::kWouldBlock) return false;
    note_sent(transfer.bytes);
    if (transfer.state == Transfer::State::kBroken) {
      destination_dead_ = true;
      break;
    }
  }
  worker_.pipes().give_back(std::move(pipe_));
  return !destination_dead_;
}

/// A read has brought no bytes.
void Pump::note_end(Transfer::State state, TimePoint now) {
  if (state == Transfer::State::kWouldBlock && passes_through()) note_passed(0);
  if (state == Transfer::State::kEnd) end_source(Finish{}, now);
  if (state == Transfer::State::kBroken) end_source(Reset{}, now);
}

/// How many bytes to read: none while what was read before waits to be sent,
/// and no more than the chain, or what is left of the worker's memory, will hold.
std::size_t Pump::room(TimePoint now) const {
  if (is_swallowing()) return kMostAtOnce;
  if (!is_open()) return 0;
  if (passes_through()) {
    if (is_blocked()) return 0;
    return chain_ == nullptr ? kMostAtOnce : std::min(kMostAtOnce, chain_->allowance(now));
  }
  const std::size_t chain_room = std::min(kMostAtOnce, chain_->room());
  return std::min(chain_room, worker_.room_for(chain_->held_memory()));
}

/// So many bytes have been read into the worker's buffer.
void Pump::take_in(std::size_t size, TimePoint now) {
  note_received(size, now);
  if (is_swallowing()) return;
  if (passes_through()) {
    const std::string_view bytes(worker_.buffers().scratch(), size);
    const std::size_t written = write(bytes);
    note_passed(size);
    if (written < size && !destination_dead_) unsent_.emplace(bytes.substr(written));
    return;
  }
  const Burst burst = bursts_.at(now, chain_->held_memory() == 0);
  chain_->push(worker_.buffers().keep(size, burst), now);
  deliver(now);
}

void Pump::note_received(std::size_t bytes, TimePoint now) {
  count(received_bytes_, bytes);
  received_ += bytes;
  last_read_ = now;
}

void Pump::note_sent(std::size_t bytes) {
  count(sent_bytes_, bytes);
  sent_ += bytes;
}

/// So many bytes have gone round the chain, if there is one.
void Pump::note_passed(std::size_t bytes) {
  if (chain_ != nullptr) chain_->note_passed(bytes, !source_.may_read());
}

void Pump::end_source(Signal signal, TimePoint now) {
  source_done_ = true;
  source_reset_ = std::holds_alternative<Reset>(signal);
  if (outcome_ == Outcome::kFinished) {  // Its end has been told; only its death is news.
    if (std::holds_alternative<Reset>(signal)) outcome_ = Outcome::kReset;
    return;
  }
  if (chain_ == nullptr) {
    on_signal(std::move(signal));
    return;
  }
  chain_->push(std::move(signal), now);
  deliver(now);
}

void Pump::deliver(TimePoint now) {
  const std::uint64_t sent_before = sent_bytes_;
  if (chain_ != nullptr) chain_->advance(now);
  if (is_shut()) {  // What was to go first does not go at all.
    if (chain_->is_closing() && outcome_ == Outcome::kFlowing) outcome_ = Outcome::kClose;
    settle_memory();
    return;
  }
  const bool dead = chain_ != nullptr && chain_->is_dead();
  if (!dead && pipe_ != nullptr) empty_pipe();
  while (!dead && unsent_ && !destination_dead_) {
    if (!send(*std::exchange(unsent_, std::nullopt))) break;
  }
  const std::uint64_t turn_ends_at = sent_before + kBytesPerTurn;
  while (chain_ != nullptr && (dead || !is_blocked()) && outcome_ == Outcome::kFlowing &&
         sent_bytes_ < turn_ends_at) {
    std::optional<Signal> signal = chain_->pop(now);
    if (!signal) break;
    on_signal(*std::move(signal));
  }
  if (sent_bytes_ != sent_before) close_by_ = kNever;
  if (chain_ != nullptr && chain_->is_closing() && is_blocked() && outcome_ == Outcome::kFlowing) {
    if (close_by_ == kNever) close_by_ = after(now, kClosePatience);
    if (close_by_ <= now) outcome_ = Outcome::kClose;
  }
  if (chain_ != nullptr && !chain_->has_stages() && chain_->is_transparent()) chain_.reset();
  settle_memory();
}

void Pump::on_signal(Signal signal) {
  if (Chunk* chunk = std::get_if<Chunk>(&signal)) {
    send(*std::move(chunk));
  } else if (std::holds_alternative<Finish>(signal)) {
    outcome_ = Outcome::kFinished;
  } else if (std::holds_alternative<Close>(signal)) {
    outcome_ = Outcome::kClose;
  } else {
    outcome_ = Outcome::kReset;
  }
}

/// True if all was sent; what was not is unsent_, or lost if the destination is dead.
bool Pump::send(Chunk chunk) {
  const std::size_t written = write(chunk.bytes());
  if (written == chunk.size()) return true;
  chunk.remove_prefix(written);
  if (!destination_dead_) unsent_ = std::move(chunk);
  return false;
}

/// How many of `bytes` the destination took. If not all, it is full or dead.
std::size_t Pump::write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size() && destination_.may_write() && !destination_dead_) {
    const Transfer transfer = destination_.write(bytes.substr(written));
    if (transfer.state == Transfer::State::kBroken) destination_dead_ = true;
    note_sent(transfer.bytes);
    written += transfer.bytes;
  }
  return written;
}

TimePoint Pump::next_due() const {
  if (chain_ == nullptr || outcome_ != Outcome::kFlowing) return kNever;
  if (is_shut()) return chain_->next_stage_event();
  const bool close_is_new = is_blocked() && chain_->is_closing() && close_by_ == kNever;
  if (!is_blocked() || close_is_new) {
    const bool waits_for_gate = is_open() && source_.may_read() && passes_through();
    return std::min(chain_->next_due(), waits_for_gate ? chain_->opens_at() : kNever);
  }
  return std::min(chain_->next_stage_event(), close_by_);
}

std::size_t Pump::waiting_bytes() const {
  return (unsent_ ? unsent_->size() : 0) + (pipe_ == nullptr ? 0 : pipe_->held) + to_write_.size();
}

std::vector<StageReport> Pump::report() const {
  return chain_ == nullptr ? std::vector<StageReport>() : chain_->report();
}

/// Tells the worker how much this link holds.
void Pump::settle_memory() {
  const std::size_t held =
      (chain_ == nullptr ? 0 : chain_->held_memory()) + (unsent_ ? unsent_->size() : 0);
  if (held == accounted_) return;
  worker_.account(accounted_, held);
  accounted_ = held;
}

}  // namespace faultline
