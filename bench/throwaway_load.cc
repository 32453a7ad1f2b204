#include "bench/throwaway_load.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessageBytes = 8UL << 10;
constexpr Duration kLifetime = 100ms;
constexpr Duration kLook = 10ms;

}  // namespace

class ThrowawayLoad::Slot final : public Handler {
 public:
  explicit Slot(ThrowawayLoad& load) : load_(load) {}

  /// Connects anew; the proxy may be quick to hang up.
  void connect() {
    const Greeting greeting = load_.target_.origin.greeting(Role::kEcho);
    auto socket = connect_and_greet({load_.target_.port}, greeting);
    if (!socket) return;
    socket_ = *std::move(socket);
    sent_ = send_some(socket_, load_.pattern_.at(0, kMessageBytes)).bytes;
    received_ = 0;
    expires_ = now() + kLifetime;
    load_.poller_.add(socket_.get(), EPOLLIN, *this);
    ++load_.result_.operations;
  }

  void on_ready(std::uint32_t) override {
    std::array<char, kMessageBytes> buffer;
    const Moved got = receive_some(socket_, buffer.data(), buffer.size());
    if (received_ + got.bytes > sent_ ||
        !load_.pattern_.matches(received_, {buffer.data(), got.bytes})) {
      load_.result_.add_failure("a throw-away connection brought back the wrong bytes");
    }
    received_ += got.bytes;
    load_.result_.bytes += got.bytes;
    if (got.is_over) socket_ = FileDescriptor();
  }

  bool is_open() const { return socket_.is_open(); }

  void expire(TimePoint present) {
    if (!is_open() || present < expires_) return;
    if (load_.result_.operations % 2 == 0) reset_on_close(socket_);
    socket_ = FileDescriptor();
  }

 private:
  ThrowawayLoad& load_;
  FileDescriptor socket_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  TimePoint expires_{};
};

ThrowawayLoad::ThrowawayLoad(const Target& target, std::size_t at_once)
    : target_(target), at_once_(at_once) {}

ThrowawayLoad::~ThrowawayLoad() = default;

LoadResult ThrowawayLoad::run(Duration length) {
  for (std::size_t i = 0; i < at_once_; ++i) slots_.push_back(std::make_unique<Slot>(*this));
  const TimePoint end = now() + length;
  while (now() < end && !stop_requested()) {
    // One at a time: those that are cut short at once must not follow each other without a pause.
    const auto idle = std::find_if(slots_.begin(), slots_.end(),
                                   [](const auto& slot) { return !slot->is_open(); });
    if (idle != slots_.end()) (*idle)->connect();
    const TimePoint next_look = std::min(end, now() + kLook);
    while (now() < next_look && !stop_requested()) poller_.turn(next_look);
    for (const auto& slot : slots_) slot->expire(now());
  }
  slots_.clear();
  return result_;
}

}  // namespace faultline::bench
