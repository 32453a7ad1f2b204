#include "bench/origin.h"

#include <sys/epoll.h>

#include <cstring>
#include <string>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr std::size_t kBufferBytes = 256UL << 10;
constexpr std::size_t kDiscardBytes = 1UL << 20;
constexpr std::uint64_t kCheckEvery = 64;  // Reads: looking at each would cost more than moving it.
constexpr int kTurnsEach = 8;              // Reads or writes before the next connection's turn.
constexpr std::chrono::milliseconds kLook{100};  // How often it is asked whether to stop.

}  // namespace

/// One connection to the origin.
class Origin::Peer final : public Handler {
 public:
  Peer(Origin& origin, FileDescriptor socket) : origin_(origin), socket_(std::move(socket)) {
    origin_.poller_.add(socket_.get(), interest_, *this);
  }
  ~Peer() { leave_sources(); }

  void on_ready(std::uint32_t events) override {
    const bool goes_on = greeted_ ? serve(events) : read_greeting();
    if (!goes_on) {
      leave_sources();
      socket_ = FileDescriptor();
      origin_.retire(*this);
    }
  }

  std::list<std::unique_ptr<Peer>>::iterator place;

 private:
  bool read_greeting() {
    char* const room = reinterpret_cast<char*>(&greeting_) + greeting_bytes_;
    const Moved moved = receive_some(socket_, room, sizeof greeting_ - greeting_bytes_);
    if (moved.is_over) return false;
    greeting_bytes_ += moved.bytes;
    if (greeting_bytes_ < sizeof greeting_) return true;
    if (greeting_.nonce != origin_.nonce_) return false;
    greeted_ = true;
    position_ = greeting_.position;
    if (greeting_.role == Role::kSource && counts()) {
      is_source_ = true;
      ++origin_.counters_.active_sources;
    }
    if (greeting_.role == Role::kAnswer) return answer();
    return serve(EPOLLIN | EPOLLOUT);
  }

  bool serve(std::uint32_t events) {
    switch (greeting_.role) {
      case Role::kEcho:
      case Role::kWatchedEcho:
        return echo();
      case Role::kSource:
        return pour(events);
      case Role::kSink:
        return drain();
      case Role::kAnswer:
        return false;  // All was said with the greeting.
    }
    return false;
  }

  bool echo() {
    for (int turn = 0; turn < kTurnsEach; ++turn) {
      while (!unsent_.empty()) {
        const Moved sent = send_some(socket_, unsent_);
        if (sent.is_over) return false;
        unsent_.erase(0, sent.bytes);
        if (sent.is_blocked) {
          want(EPOLLOUT);
          return true;
        }
      }
      const Moved got = receive_some(socket_, origin_.buffer_.data(), origin_.buffer_.size());
      if (got.is_over) return false;
      const std::string_view bytes(origin_.buffer_.data(), got.bytes);
      if (!bytes.empty()) {
        if (greeting_.role == Role::kWatchedEcho) note_watched(bytes.size());
        const Moved sent = send_some(socket_, bytes);
        if (sent.is_over) return false;
        unsent_ = bytes.substr(sent.bytes);
      }
      if (got.is_blocked && unsent_.empty()) break;
    }
    want(unsent_.empty() ? EPOLLIN : EPOLLOUT);
    return true;
  }

  void note_watched(std::size_t bytes) {
    const TimePoint when = now();
    origin_.counters_.last_byte = when;
    if (when >= origin_.counters_.late_from.load()) origin_.counters_.late_bytes += bytes;
  }

  bool pour(std::uint32_t events) {
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) return false;
    if ((events & EPOLLIN) != 0) {
      const Moved got = discard_some(socket_, 1);
      if (got.is_over) return false;
    }
    for (int turn = 0; turn < kTurnsEach; ++turn) {
      if (origin_.counters_.stop_sources || !counts()) {
        leave_sources();
        want(EPOLLIN);
        return true;
      }
      const Moved sent = send_some(socket_, origin_.pattern_.at(position_, Pattern::kMostBytes));
      if (sent.is_over) return false;
      position_ += sent.bytes;
      origin_.counters_.sourced_bytes += sent.bytes;
      if (sent.is_blocked) break;
    }
    want(EPOLLIN | EPOLLOUT);
    return true;
  }

  bool drain() {
    for (int turn = 0; turn < kTurnsEach; ++turn) {
      const bool looks = ++reads_ % kCheckEvery == 1;
      std::vector<char>& buffer = origin_.buffer_;
      const Moved got = looks ? receive_some(socket_, buffer.data(), buffer.size())
                              : discard_some(socket_, kDiscardBytes);
      if (got.is_over) return false;
      if (looks && !origin_.pattern_.matches(position_, {buffer.data(), got.bytes})) {
        ++origin_.counters_.mismatches;
      }
      position_ += got.bytes;
      if (counts()) origin_.counters_.sunk_bytes += got.bytes;
      if (got.is_blocked) break;
    }
    return true;
  }

  /// Few enough bytes for one send(); never goes on.
  bool answer() {
    send_some(socket_, origin_.pattern_.at(position_, greeting_.answer_bytes));
    return false;
  }

  bool counts() const { return greeting_.run == origin_.counters_.run; }

  void leave_sources() {
    if (std::exchange(is_source_, false) && counts()) --origin_.counters_.active_sources;
  }

  void want(std::uint32_t events) {
    if (std::exchange(interest_, events) != events) {
      origin_.poller_.change(socket_.get(), events, *this);
    }
  }

  Origin& origin_;
  FileDescriptor socket_;
  Greeting greeting_;
  std::size_t greeting_bytes_ = 0;
  bool greeted_ = false;
  bool is_source_ = false;
  std::uint32_t interest_ = EPOLLIN;
  std::uint64_t position_ = 0;
  std::uint64_t reads_ = 0;
  std::string unsent_;  // Echo only: what the client does not take yet.
};

Origin::Origin(FileDescriptor listener, std::uint64_t nonce, OriginCounters& counters)
    : listener_(std::move(listener)), nonce_(nonce), counters_(counters), buffer_(kBufferBytes) {
  poller_.add(listener_.get(), EPOLLIN, accepting_);
}

Origin::~Origin() = default;

void Origin::run() {
  while (!stop_requested()) {
    poller_.turn(now() + kLook);
    retired_.clear();
  }
}

void Origin::accept_all() {
  while (std::optional<FileDescriptor> socket = accept_from(listener_)) {
    peers_.push_front(std::make_unique<Peer>(*this, *std::move(socket)));
    peers_.front()->place = peers_.begin();
  }
}

void Origin::retire(Peer& peer) {
  retired_.splice(retired_.begin(), peers_, peer.place);
}

}  // namespace faultline::bench
