#include "cli/demo_traffic.h"

#include <algorithm>
#include <utility>

#include "cli/response_reader.h"

namespace faultline {

namespace {

using namespace std::chrono_literals;

constexpr auto kInterval = 200ms;
constexpr auto kAnswerPatience = 2s;
constexpr auto kStopCheck = 50ms;  // How soon the end of the demo ends a wait.
constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: demo\r\n\r\n";

}  // namespace

DemoTraffic::DemoTraffic(const SocketAddress& address)
    : address_(address), thread_([this] { run(); }) {}

DemoTraffic::~DemoTraffic() {
  stopping_ = true;
  thread_.join();
}

DemoTraffic::News DemoTraffic::take_news() {
  const std::lock_guard guard(mutex_);
  News news{std::exchange(samples_, {}), std::nullopt};
  if (waiting_since_) news.waiting = Clock::now() - *waiting_since_;
  return news;
}

void DemoTraffic::run() {
  Clock::time_point next = Clock::now();
  while (!stopping_) {
    {
      const std::lock_guard guard(mutex_);
      waiting_since_ = Clock::now();
    }
    DemoSample sample = request();
    {
      const std::lock_guard guard(mutex_);
      waiting_since_.reset();
      if (!stopping_) samples_.push_back(std::move(sample));
    }
    next = std::max(next + kInterval, Clock::now());
    while (!stopping_ && Clock::now() < next) {
      std::this_thread::sleep_until(std::min(next, Clock::now() + kStopCheck));
    }
  }
}

DemoSample DemoTraffic::request() {
  const Clock::time_point start = Clock::now();
  const auto answered = exchange(start + kAnswerPatience);
  DemoSample sample{Clock::now() - start, ""};
  if (!answered) {
    socket_.reset();  // What may still arrive on it would answer the wrong request.
    sample.failure = answered.error().message;
  }
  return sample;
}

Result<void> DemoTraffic::exchange(Clock::time_point deadline) {
  if (!socket_) {
    auto connected = BlockingSocket::connect({address_}, deadline);
    if (!connected) return Fail(connected.error());
    socket_.emplace(*std::move(connected));
  }
  if (auto sent = socket_->send_all(kRequest, deadline); !sent) return sent;
  ResponseReader reader;
  while (true) {
    const auto arrived = socket_->wait_readable(std::min(deadline, Clock::now() + kStopCheck));
    if (!arrived) return Fail(arrived.error());
    if (!*arrived) {
      if (Clock::now() >= deadline) return fail(ErrorKind::kNetwork, "no answer within 2 s");
      if (stopping_) return fail(ErrorKind::kNetwork, "stopped");
      continue;
    }
    const auto bytes = socket_->receive(deadline);
    if (!bytes) return Fail(bytes.error());
    if (bytes->empty()) return fail(ErrorKind::kNetwork, "connection closed");
    const auto complete = reader.feed(*bytes);
    if (!complete) return Fail(complete.error());
    if (*complete) return {};
  }
}

}  // namespace faultline
