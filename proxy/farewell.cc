#include "proxy/farewell.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

constexpr Duration kLonger = std::chrono::seconds(1);

/// Throws away what has arrived. False once the peer has closed, or died. A peer
/// that never stops is left to the next turn: the socket says so.
bool drain(Socket& socket) {
  constexpr int kReads = 16;
  char nowhere[16 * 1024];
  for (int i = 0; i < kReads && socket.may_read(); ++i) {
    const Transfer::State state = socket.read(nowhere, sizeof nowhere).state;
    if (state == Transfer::State::kEnd || state == Transfer::State::kBroken) return false;
  }
  return true;
}

}  // namespace

Farewells::Farewells(EventLoop& loop) : loop_(loop), alarm_(loop.alarms(), *this) {}

void Farewells::close(std::unique_ptr<Socket> socket) {
  socket->finish();
  if (!drain(*socket)) {
    loop_.deferred_delete(std::move(socket));
    return;
  }
  socket->set_owner(*this);
  const TimePoint now = clock_now();
  has_more_ = has_more_ || socket->may_read();
  partings_.push_back({std::move(socket), after(now, kLonger)});
  set_alarm(now);
}

void Farewells::close(FileDescriptor fd, Socket::Family family) {
  close(std::make_unique<Socket>(loop_, std::move(fd), family, static_cast<SocketOwner&>(*this)));
}

void Farewells::on_socket_ready(Socket& socket) noexcept {
  if (drain(socket)) {
    has_more_ = has_more_ || socket.may_read();
    set_alarm(clock_now());
    return;
  }
  end(std::find_if(partings_.begin(), partings_.end(),
                   [&](const Parting& parting) { return parting.socket.get() == &socket; }));
}

void Farewells::on_alarm(Alarm& /*alarm*/, TimePoint now) noexcept {
  while (!partings_.empty() && partings_.front().until <= now) end(partings_.begin());
  if (std::exchange(has_more_, false)) {
    for (auto next = partings_.begin(); next != partings_.end();) {
      const auto parting = next++;
      if (!drain(*parting->socket)) {
        end(parting);
      } else {
        has_more_ = has_more_ || parting->socket->may_read();
      }
    }
  }
  set_alarm(now);
}

void Farewells::set_alarm(TimePoint now) {
  if (partings_.empty()) return;
  alarm_.set(has_more_ ? now : partings_.front().until);
}

void Farewells::end(std::list<Parting>::iterator parting) {
  loop_.deferred_delete(std::move(parting->socket));
  partings_.erase(parting);
}

}  // namespace faultline
