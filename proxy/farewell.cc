#include "proxy/farewell.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

constexpr Duration kLonger = std::chrono::seconds(1);

/// Throws away what has arrived. True if the peer may send more.
bool drain(Socket& socket) {
  constexpr int kReads = 16;  // A peer that never stops is left to the next turn.
  char nowhere[16 * 1024];
  for (int i = 0; i < kReads; ++i) {
    const Transfer transfer = socket.read(nowhere, sizeof nowhere);
    if (transfer.state == Transfer::State::kWouldBlock) return true;
    if (transfer.state != Transfer::State::kMoved) return false;
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
  socket->watch(true, false);
  const TimePoint until = after(clock_now(), kLonger);
  partings_.push_back({std::move(socket), until});
  alarm_.set(partings_.front().until);
}

void Farewells::on_socket_ready(Socket& socket, Readiness readiness) noexcept {
  if (drain(socket) && !readiness.broken) return;
  end(std::find_if(partings_.begin(), partings_.end(),
                   [&](const Parting& parting) { return parting.socket.get() == &socket; }));
}

void Farewells::on_alarm(Alarm& /*alarm*/, TimePoint now) noexcept {
  while (!partings_.empty() && partings_.front().until <= now) end(partings_.begin());
  if (!partings_.empty()) alarm_.set(partings_.front().until);
}

void Farewells::end(std::list<Parting>::iterator parting) {
  loop_.deferred_delete(std::move(parting->socket));
  partings_.erase(parting);
}

}  // namespace faultline
