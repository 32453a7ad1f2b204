#include "bench/bulk_load.h"

#include <sys/epoll.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr std::size_t kBufferBytes = 1UL << 20;
constexpr std::uint64_t kCheckEvery = 64;
constexpr int kTurnsEach = 8;
constexpr std::uint64_t kApart = 7919;
constexpr Duration kLook = std::chrono::milliseconds(100);

}  // namespace

class BulkLoad::Connection final : public Handler {
 public:
  Connection(BulkLoad& load, FileDescriptor socket, std::uint64_t position)
      : load_(load), socket_(std::move(socket)), start_(position), position_(position) {
    load_.poller_.add(socket_.get(), interest(), *this);
  }

  void on_ready(std::uint32_t) override {
    const bool whole = load_.is_download() ? receive() : pour();
    if (!whole) {
      socket_ = FileDescriptor();
      ++load_.broken_;
    }
  }

  /// An upload has nothing more to say, but wants to know if it breaks.
  void stop_sending() {
    if (socket_.is_open()) load_.poller_.change(socket_.get(), EPOLLIN, *this);
  }

  /// Bytes that were moved so far.
  std::uint64_t moved() const { return position_ - start_; }

  void reset() {
    if (socket_.is_open()) reset_on_close(socket_);
  }

 private:
  std::uint32_t interest() const { return load_.is_download() ? EPOLLIN : EPOLLIN | EPOLLOUT; }

  bool receive() {
    const TimePoint when = now();
    std::size_t arrived = 0;
    for (int turn = 0; turn < kTurnsEach; ++turn) {
      const bool looks = ++reads_ % kCheckEvery == 1;
      std::vector<char>& buffer = load_.buffer_;
      const Moved got = looks ? receive_some(socket_, buffer.data(), buffer.size())
                              : discard_some(socket_, buffer.size());
      if (got.is_over) return false;
      if (looks && !load_.pattern_.matches(position_, {buffer.data(), got.bytes})) {
        ++load_.mismatches_;
      }
      position_ += got.bytes;
      arrived += got.bytes;
      if (got.is_blocked) break;
    }
    load_.received_bytes_ += arrived;
    if (load_.first_arrival_ == kNever) {
      load_.first_arrival_ = when;
    } else {
      load_.bytes_after_first_ += arrived;
    }
    load_.last_arrival_ = when;
    return true;
  }

  bool pour() {
    if (!load_.sending_) return !receive_some(socket_, load_.buffer_.data(), 1).is_over;
    for (int turn = 0; turn < kTurnsEach; ++turn) {
      const Moved sent = send_some(socket_, load_.pattern_.at(position_, Pattern::kMostBytes));
      if (sent.is_over) return false;
      position_ += sent.bytes;
      load_.sent_bytes_ += sent.bytes;
      if (sent.is_blocked) break;
    }
    return true;
  }

  BulkLoad& load_;
  FileDescriptor socket_;
  const std::uint64_t start_;  // In the pattern.
  std::uint64_t position_;
  std::uint64_t reads_ = 0;
};

BulkLoad::BulkLoad(const Target& target, const BulkSettings& settings)
    : target_(target), settings_(settings), buffer_(kBufferBytes) {
  target_.origin.start_run();
}

BulkLoad::~BulkLoad() {
  if (finished_) return;
  for (const auto& connection : connections_) connection->reset();
}

Result<void> BulkLoad::start() {
  const Role role = is_download() ? Role::kSource : Role::kSink;
  for (std::size_t i = 0; i < settings_.connections; ++i) {
    Greeting greeting = target_.origin.greeting(role);
    greeting.position = i * kApart;
    auto socket = connect_and_greet({target_.port}, greeting);
    if (!socket) return Fail(socket.error());
    connections_.push_back(
        std::make_unique<Connection>(*this, *std::move(socket), greeting.position));
  }
  return {};
}

LoadResult BulkLoad::measure(const Window& window) {
  LoadResult result;
  turn_until(now() + window.warm_up);
  const Stopwatch stopwatch(target_);
  const std::uint64_t before = arrived_bytes();
  const std::vector<std::uint64_t> before_each = moved_each();
  first_arrival_ = kNever;
  bytes_after_first_ = 0;
  turn_until(now() + window.length);
  result.bytes = arrived_bytes() - before;
  stopwatch.stop(result);
  result.bytes_each = moved_each();
  for (std::size_t i = 0; i < before_each.size(); ++i) result.bytes_each[i] -= before_each[i];
  if (first_arrival_ < last_arrival_) {
    result.steady_bytes_per_second =
        static_cast<double>(bytes_after_first_) /
        std::chrono::duration<double>(last_arrival_ - first_arrival_).count();
  }
  if (result.bytes == 0) result.add_failure("no byte arrived");
  return result;
}

void BulkLoad::finish(LoadResult& result) {
  sending_ = false;
  target_.origin.stop_sources();
  for (const auto& connection : connections_) {
    if (!is_download()) connection->stop_sending();
  }
  const TimePoint deadline = now() + kDrainPatience;
  while (!all_arrived() && broken_ == 0 && now() < deadline && !stop_requested()) {
    poller_.turn(now() + std::chrono::milliseconds(1));
  }
  finished_ = all_arrived();
  if (!finished_) {
    result.add_failure("of " + std::to_string(departed_bytes()) + " bytes sent, " +
                       std::to_string(arrived_bytes()) + " arrived");
  }
  if (broken_ > 0) result.add_failure(std::to_string(broken_) + " connections broke");
  const std::uint64_t wrong = mismatches_ + target_.origin.counters().mismatches;
  if (wrong > 0) result.add_failure(std::to_string(wrong) + " pieces were not what was sent");
}

std::uint64_t BulkLoad::arrived_bytes() const {
  return is_download() ? received_bytes_ : target_.origin.counters().sunk_bytes.load();
}

std::vector<std::uint64_t> BulkLoad::moved_each() const {
  std::vector<std::uint64_t> bytes;
  for (const auto& connection : connections_) bytes.push_back(connection->moved());
  return bytes;
}

std::uint64_t BulkLoad::departed_bytes() const {
  return is_download() ? target_.origin.counters().sourced_bytes.load() : sent_bytes_;
}

bool BulkLoad::all_arrived() const {
  return target_.origin.counters().active_sources == 0 && arrived_bytes() == departed_bytes();
}

void BulkLoad::turn_until(TimePoint end) {
  while (now() < end && !stop_requested()) poller_.turn(std::min(end, now() + kLook));
}

}  // namespace faultline::bench
