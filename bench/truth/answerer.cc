#include "bench/truth/answerer.h"

#include <sys/epoll.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr Duration kLongestWait = 200ms;

}  // namespace

class Answerer::Peer final : public Handler {
 public:
  Peer(FileDescriptor socket, Answerer& owner) : socket_(std::move(socket)), owner_(owner) {
    owner_.poller_.add(socket_.get(), EPOLLIN, *this);
  }

  void on_ready(std::uint32_t events) override {
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_requests()) return end();
    if (owed_ > 0 && !send_answer()) return end();
    const std::uint32_t wanted = owed_ > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (wanted != watched_) owner_.poller_.change(socket_.get(), watched_ = wanted, *this);
  }

  std::list<std::unique_ptr<Peer>>::iterator place;

 private:
  /// False if the client is gone.
  bool read_requests() {
    char* const bytes = reinterpret_cast<char*>(&request_);
    for (;;) {
      const Moved moved = receive_some(socket_, bytes + received_, sizeof request_ - received_);
      received_ += moved.bytes;
      if (received_ == sizeof request_) {
        owed_ += request_.answer_bytes;
        received_ = 0;
      }
      if (moved.is_over) return false;
      if (moved.is_blocked) return true;
    }
  }

  /// False if the client is gone.
  bool send_answer() {
    while (owed_ > 0) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(owed_, kPieceBytes));
      const Moved moved = send_some(socket_, std::string_view(owner_.bytes_.data(), piece));
      owed_ -= moved.bytes;
      if (moved.is_over) return false;
      if (moved.is_blocked) return true;
    }
    return true;
  }

  void end() {
    socket_ = FileDescriptor();
    owner_.retire(*this);
  }

  FileDescriptor socket_;
  Answerer& owner_;
  Request request_;
  std::size_t received_ = 0;
  std::uint64_t owed_ = 0;
  std::uint32_t watched_ = EPOLLIN;
};

Answerer::Answerer(FileDescriptor listener)
    : listener_(std::move(listener)), bytes_(kPieceBytes, 'x') {
  poller_.add(listener_.get(), EPOLLIN, accepting_);
}

Answerer::~Answerer() = default;

void Answerer::accept_all() {
  while (auto socket = accept_from(listener_)) {
    peers_.push_front(std::make_unique<Peer>(*std::move(socket), *this));
    peers_.front()->place = peers_.begin();
  }
}

void Answerer::retire(Peer& peer) {
  retired_.splice(retired_.begin(), peers_, peer.place);
}

Result<Child> Answerer::fork_off(FileDescriptor listener) {
  return Child::fork_off([&] {
    Answerer(std::move(listener)).run();
    return 0;
  });
}

void Answerer::run() {
  while (!stop_requested()) {
    poller_.turn(now() + kLongestWait);
    retired_.clear();
  }
}

}  // namespace faultline::bench::truth
