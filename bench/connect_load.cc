#include "bench/connect_load.h"

#include <sys/epoll.h>

#include <algorithm>
#include <string>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr Duration kLook = std::chrono::milliseconds(100);

}  // namespace

class ConnectLoad::Slot final : public Handler {
 public:
  explicit Slot(ConnectLoad& load) : load_(load), buffer_(load.settings_.answer_bytes + 1) {}

  void connect() {
    Greeting greeting = load_.target_.origin.greeting(Role::kAnswer);
    greeting.position = ++position_;
    greeting.answer_bytes = load_.settings_.answer_bytes;
    received_ = 0;
    started_ = now();
    auto socket = connect_and_greet({load_.target_.port}, greeting);
    if (!socket) {
      load_.result_.add_failure(socket.error().message);
      return;
    }
    socket_ = *std::move(socket);
    load_.poller_.add(socket_.get(), EPOLLIN, *this);
    ++load_.open_;
  }

  void on_ready(std::uint32_t) override {
    const Moved got = receive_some(socket_, buffer_.data() + received_, buffer_.size() - received_);
    received_ += got.bytes;
    if (!got.is_over && received_ < buffer_.size()) return;
    const bool is_right = received_ == load_.settings_.answer_bytes &&
                          load_.pattern_.matches(position_, {buffer_.data(), received_});
    socket_ = FileDescriptor();
    load_.on_done(started_, is_right);
    if (load_.connecting_) connect();
  }

 private:
  ConnectLoad& load_;
  FileDescriptor socket_;
  std::vector<char> buffer_;  // One byte more than the answer: it must not come.
  std::size_t received_ = 0;
  std::uint64_t position_ = 0;  // In the pattern.
  TimePoint started_;
};

ConnectLoad::ConnectLoad(const Target& target, const ConnectSettings& settings)
    : target_(target), settings_(settings) {}

ConnectLoad::~ConnectLoad() = default;

LoadResult ConnectLoad::run(const Window& window) {
  for (std::size_t i = 0; i < settings_.at_once; ++i) {
    slots_.push_back(std::make_unique<Slot>(*this));
    slots_.back()->connect();
  }
  turn_until(now() + window.warm_up);
  const Stopwatch stopwatch(target_);
  measuring_ = true;
  turn_until(now() + window.length);
  measuring_ = false;
  stopwatch.stop(result_);
  connecting_ = false;
  const TimePoint deadline = now() + kDrainPatience;
  while (open_ > 0 && now() < deadline && !stop_requested()) poller_.turn(now() + kLook);
  if (open_ > 0) result_.add_failure(std::to_string(open_) + " requests were not answered");
  if (result_.operations == 0) result_.add_failure("no request was answered");
  return result_;
}

void ConnectLoad::on_done(TimePoint started, bool is_right) {
  --open_;
  if (!is_right) result_.add_failure("an answer was cut short or wrong");
  if (!measuring_) return;
  ++result_.operations;
  result_.bytes += settings_.answer_bytes;
  result_.latency.record(now() - started);
}

void ConnectLoad::turn_until(TimePoint end) {
  while (now() < end && !stop_requested()) poller_.turn(std::min(end, now() + kLook));
}

}  // namespace faultline::bench
