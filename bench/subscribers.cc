#include "bench/subscribers.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/verify.h"
#include "bench/event_feed.h"
#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 10s;
constexpr Duration kLook = 5ms;
constexpr std::size_t kBufferBytes = 64UL << 10;
constexpr int kSmallBuffer = 4096;  // Bytes, of those who do not read.

std::string request_to(std::uint16_t port, std::uint64_t since) {
  return "GET /v1/events?since=" + std::to_string(since) +
         " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nAccept: text/event-stream\r\n\r\n";
}

}  // namespace

/// One of those who take what comes.
class Subscribers::Reader final : public Handler {
 public:
  Reader(Poller& poller, FileDescriptor socket, std::uint64_t since)
      : feed(since), socket_(std::move(socket)), buffer_(kBufferBytes) {
    poller.add(socket_.get(), EPOLLIN, *this);
  }

  void on_ready(std::uint32_t) override {
    const Moved got = receive_some(socket_, buffer_.data(), buffer_.size());
    feed.take({buffer_.data(), got.bytes});
    if (!got.is_over) return;
    socket_ = FileDescriptor();
    fault = "a subscriber who reads was dropped";
  }

  EventFeed feed;
  std::string fault;

 private:
  FileDescriptor socket_;
  std::vector<char> buffer_;
};

Subscribers::Subscribers() = default;

Subscribers::~Subscribers() {
  stop_reading();
}

Result<void> Subscribers::start(std::uint16_t port, std::uint64_t since, const Numbers& numbers) {
  VERIFY(!thread_.joinable());
  for (std::size_t i = 0; i < numbers.reading + numbers.stalled; ++i) {
    const bool reads = i < numbers.reading;
    auto socket = connect_and_say({port}, request_to(port, since), reads ? 0 : kSmallBuffer);
    if (!socket) return Fail(socket.error());
    if (reads) {
      readers_.push_back(std::make_unique<Reader>(poller_, *std::move(socket), since));
    } else {
      stalled_.push_back(*std::move(socket));
    }
  }
  const TimePoint deadline = now() + kPatience;
  while (!have_begun() && now() < deadline && !stop_requested()) poller_.turn(now() + kLook);
  if (!have_begun()) return fail(ErrorKind::kNetwork, "events are not told to all subscribers");
  thread_ = std::thread([this] { read_all(); });
  return {};
}

bool Subscribers::have_begun() const {
  return std::all_of(readers_.begin(), readers_.end(),
                     [](const auto& reader) { return reader->feed.has_begun(); });
}

void Subscribers::read_all() {
  while (!is_over_) {
    poller_.turn(now() + kLook);
    std::size_t drops = SIZE_MAX;
    std::uint64_t last = UINT64_MAX;
    for (const auto& reader : readers_) {
      drops = std::min(drops, reader->feed.drops());
      last = std::min(last, reader->feed.last());
    }
    drops_ = drops;
    last_ = last;
  }
}

Subscribers::Summary Subscribers::end(std::uint64_t last) {
  const TimePoint deadline = now() + kPatience;
  while (last_ < last && now() < deadline && !stop_requested()) std::this_thread::sleep_for(kLook);
  stop_reading();
  Summary summary{.drops = drops_, .missed = 0, .fault = ""};
  for (const auto& reader : readers_) {
    const EventFeed& feed = reader->feed;
    summary.missed += feed.missed() + (feed.last() < last ? last - feed.last() : 0);
    const std::string& fault = feed.fault().empty() ? reader->fault : feed.fault();
    if (summary.fault.empty()) summary.fault = fault;
  }
  return summary;
}

void Subscribers::stop_reading() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace faultline::bench
