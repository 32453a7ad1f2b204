#include "bench/truth/load_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "bench/socket.h"
#include "bench/stop.h"
#include "bench/truth/tcp.h"

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestWait = 200ms;
constexpr std::size_t kMostTaken = 1 << 20;

}  // namespace

void Caller::connect() {
  times_.begun = now();
  auto socket = begin_to_connect(settings_.to, settings_.congestion);
  if (!socket) return fail_with(socket.error().message);
  socket_ = *std::move(socket);
  loop_.poller_.add(socket_.get(), EPOLLOUT, *this);
}

void Caller::on_connected() {
  times_.connected = now();
  if (const int error = connect_error(socket_); error != 0) {
    return fail_with(std::string("cannot connect: ") + std::strerror(error));
  }
  is_connected_ = true;
  loop_.poller_.change(socket_.get(), EPOLLIN, *this);
  ask();
}

void Caller::ask_again_at(TimePoint when) {
  next_ = loop_.agenda_.emplace(when, [this] {
    next_.reset();
    ask();
    times_.begun = times_.asked;
  });
}

void Caller::ask() {
  times_.asked = now();
  missing_ = settings_.answer_bytes;
  Request request;
  request.answer_bytes = settings_.answer_bytes;
  const std::string_view bytes(reinterpret_cast<const char*>(&request), sizeof request);
  // A connection on which nothing is under way has room for 64 bytes.
  if (send_some(socket_, bytes).bytes != bytes.size()) fail_with("cannot send a request");
}

void Caller::on_ready(std::uint32_t) {
  if (!socket_.is_open()) return;
  if (is_connected_) {
    take_answer();
  } else {
    on_connected();
  }
}

void Caller::take_answer() {
  std::size_t taken = 0;
  bool is_over = false;
  for (bool is_more = true; is_more;) {
    const Moved moved = discard_some(socket_, kMostTaken);
    taken += moved.bytes;
    is_over = moved.is_over;
    is_more = !moved.is_over && !moved.is_blocked;
  }
  times_.answered = now();
  if (taken > missing_) return fail_with("more bytes came than were asked for");
  missing_ -= taken;
  if (settings_.on_bytes && taken > 0) settings_.on_bytes(times_.answered, taken);
  if (taken > 0 && missing_ == 0) settings_.on_answer(*this, times_);
  if (is_over && socket_.is_open()) fail_with("the server closed the connection");
}

void Caller::fail_with(const std::string& what) {
  end();
  settings_.on_failure(what);
}

void Caller::end() {
  if (next_) loop_.agenda_.erase(*next_);
  next_.reset();
  socket_ = FileDescriptor();
  loop_.retired_.splice(loop_.retired_.begin(), loop_.callers_, place);
}

void LoadLoop::open(Caller::Settings settings) {
  callers_.push_front(std::make_unique<Caller>(std::move(settings), *this));
  callers_.front()->place = callers_.begin();
  callers_.front()->connect();
}

void LoadLoop::run(TimePoint until, const std::function<bool()>& is_done) {
  while (now() < until && !stop_requested() && !is_done()) {
    TimePoint wake = std::min(until, now() + kLongestWait);
    if (!agenda_.empty()) wake = std::min(wake, agenda_.begin()->first);
    poller_.turn(wake);
    while (!agenda_.empty() && agenda_.begin()->first <= now()) {
      const auto due = agenda_.extract(agenda_.begin());
      due.mapped()();
    }
    retired_.clear();
  }
}

}  // namespace faultline::bench::truth
