#include "bench/echo_load.h"

#include <sys/epoll.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr std::size_t kBufferBytes = 256UL << 10;
constexpr std::size_t kMostConnecting = 128;  // Fewer than any backlog takes.
constexpr std::uint64_t kApart = 7919;        // Where the connections start in the pattern.
constexpr std::size_t kControls = 8;          // Connections of the control port,
constexpr std::size_t kEachControl = 100;     // with one message in so many.
constexpr Duration kLook = std::chrono::milliseconds(100);

}  // namespace

class EchoLoad::Connection final : public Handler {
 public:
  Connection(EchoLoad& load, FileDescriptor socket, std::uint64_t position)
      : load_(load), socket_(std::move(socket)), start_(position) {
    load_.poller_.add(socket_.get(), interest_, *this);
  }

  /// Sends one message, or what the socket takes of it for now.
  void post(const Message& message) {
    under_way_.push_back(message);
    goal_ += load_.settings_.message_bytes;
    if (!socket_.is_open()) {
      break_off();
    } else if (interest_ == EPOLLIN) {
      flush();
    }
  }

  void on_ready(std::uint32_t events) override {
    if ((events & EPOLLOUT) != 0) flush();
    if (socket_.is_open() && (events & ~std::uint32_t{EPOLLOUT}) != 0) receive();
  }

 private:
  void flush() {
    while (sent_ < goal_) {
      const auto bytes = load_.pattern_.at(start_ + sent_, goal_ - sent_);
      const Moved moved = send_some(socket_, bytes);
      if (moved.is_over) {
        break_off();
        return;
      }
      sent_ += moved.bytes;
      if (moved.is_blocked) break;
    }
    want(sent_ < goal_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  void receive() {
    std::vector<char>& buffer = load_.buffer_;
    const Moved got = receive_some(socket_, buffer.data(), buffer.size());
    if (got.is_over || received_ + got.bytes > sent_ ||
        !load_.pattern_.matches(start_ + received_, {buffer.data(), got.bytes})) {
      break_off();
      return;
    }
    received_ += got.bytes;
    const TimePoint when = now();
    while (!under_way_.empty() && received_ >= message_end()) {
      const Message message = under_way_.front();
      under_way_.pop_front();
      load_.on_echo(*this, message, when);
    }
  }

  /// Where the first message that is under way ends.
  std::uint64_t message_end() const {
    return goal_ - (under_way_.size() - 1) * load_.settings_.message_bytes;
  }

  void break_off() {
    socket_ = FileDescriptor();
    load_.on_broken(under_way_.size());
    under_way_.clear();
  }

  void want(std::uint32_t events) {
    if (std::exchange(interest_, events) != events) {
      load_.poller_.change(socket_.get(), events, *this);
    }
  }

  EchoLoad& load_;
  FileDescriptor socket_;
  const std::uint64_t start_;  // In the pattern.
  std::uint32_t interest_ = EPOLLIN;
  std::uint64_t goal_ = 0;      // What has been posted,
  std::uint64_t sent_ = 0;      // of which is sent,
  std::uint64_t received_ = 0;  // of which is back.
  std::deque<Message> under_way_;
};

EchoLoad::EchoLoad(const Target& target, const EchoSettings& settings)
    : target_(target), settings_(settings), buffer_(kBufferBytes) {}

EchoLoad::~EchoLoad() = default;

std::size_t EchoLoad::all_connections() const {
  return settings_.connections + (settings_.control_port != 0 ? kControls : 0);
}

Way EchoLoad::next_way() const {
  if (settings_.ways.empty()) return {target_.port};
  return settings_.ways[connections_.size() % settings_.ways.size()];
}

Result<void> EchoLoad::connect_all(Duration patience) {
  std::uint64_t seen = echoed_;
  TimePoint deadline = now() + patience;
  while (connections_.size() < all_connections() || under_way_ > 0) {
    if (connections_.size() < all_connections() && under_way_ < kMostConnecting) {
      const bool is_control = connections_.size() >= settings_.connections;
      Greeting greeting = target_.origin.greeting(settings_.role);
      greeting.position = connections_.size() * kApart;
      auto socket =
          connect_and_greet(is_control ? Way{settings_.control_port} : next_way(), greeting);
      if (!socket) return Fail(socket.error());
      connections_.push_back(
          std::make_unique<Connection>(*this, *std::move(socket), greeting.position));
      post(*connections_.back(), {now(), now()});
      continue;
    }
    poller_.turn(now() + kLook);
    if (std::exchange(seen, echoed_) != seen) deadline = now() + patience;
    if (result_.failures > 0 || stop_requested() || now() > deadline) break;
  }
  if (under_way_ == 0 && result_.failures == 0) return {};
  return fail(ErrorKind::kNetwork, "of " + std::to_string(all_connections()) + " connections, " +
                                       std::to_string(echoed_) + " brought a message back");
}

LoadResult EchoLoad::run(const Window& window) {
  result_ = LoadResult();
  window_start_ = now() + window.warm_up;
  window_end_ = window_start_ + window.length;
  sending_ = true;
  if (settings_.rate > 0) {
    next_due_ = now();
  } else {
    for (const auto& connection : connections_) post(*connection, {now(), now()});
  }
  turn_until(window_start_);
  const Stopwatch stopwatch(target_);
  turn_until(window_end_);
  stopwatch.stop(result_);
  sending_ = false;
  next_due_ = kNever;
  const TimePoint deadline = now() + kDrainPatience;
  while (under_way_ > 0 && now() < deadline && !stop_requested()) poller_.turn(now() + kLook);
  if (under_way_ > 0) result_.add_failure(std::to_string(under_way_) + " messages did not return");
  result_.lost += under_way_;
  result_.bytes = result_.operations * settings_.message_bytes;
  return result_;
}

void EchoLoad::turn_until(TimePoint end) {
  while (now() < end && !is_over_ && !stop_requested()) {
    send_due();
    poller_.turn(std::min({end, next_due_, now() + kLook}));
  }
}

void EchoLoad::send_due() {
  const std::chrono::duration<double> distance(
      settings_.rate > 0 ? static_cast<double>(settings_.burst) / settings_.rate : 0);
  for (TimePoint present = now(); next_due_ <= present;
       next_due_ += std::chrono::duration_cast<Duration>(distance)) {
    for (std::size_t i = 0; i < settings_.burst; ++i) {
      const bool is_control = settings_.control_port != 0 && ++turn_ % kEachControl == 0;
      const std::size_t which =
          is_control ? settings_.connections + turn_ / kEachControl % kControls : next_;
      post(*connections_[which], {next_due_, present, is_control});
      if (!is_control) next_ = (next_ + 1) % settings_.connections;
    }
  }
}

void EchoLoad::post(Connection& connection, const Message& message) {
  ++under_way_;
  ++posted_;
  connection.post(message);
}

void EchoLoad::on_echo(Connection& connection, const Message& message, TimePoint when) {
  --under_way_;
  ++echoed_;
  if (when >= window_start_ && when < window_end_) ++result_.operations;
  if (message.intended >= window_start_ && message.intended < window_end_) {
    result_.latency.record(when - message.intended);
    if (observer) observer(message, when);
  }
  if (sending_ && settings_.rate <= 0) {
    post(connection, {when, when});
  }
}

void EchoLoad::on_broken(std::size_t messages_lost) {
  under_way_ -= messages_lost;
  result_.lost += messages_lost;
  result_.add_failure("a connection broke, or brought back the wrong bytes");
}

}  // namespace faultline::bench
