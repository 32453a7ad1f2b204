#include "proxy/listener_control.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/log.h"
#include "base/verify.h"
#include "proxy/listening_socket.h"
#include "proxy/packet_filter.h"
#include "proxy/packet_program.h"

namespace faultline {

namespace {

void complain(std::string_view what) {
  log(LogLevel::kWarn, "proxy", what, {{"error", std::string_view(std::strerror(errno))}});
}

/// Where a socket that listens at `address` is reached from this machine.
SocketAddress reachable(SocketAddress address) {
  if (address.family() == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (in->sin_addr.s_addr == INADDR_ANY) in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr)) in->sin6_addr = in6addr_loopback;
  }
  return address;
}

}  // namespace

void ListenerControl::set(const ListenerFaults& faults) {
  VERIFY(fd_ >= 0);
  if (faults.drops != drops_ && filter(faults.drops)) drops_ = faults.drops;
  if (faults.listening != listening_) change_listening(faults.listening);
}

void ListenerControl::let_go() {
  if (fd_ < 0) return;
  set({});
  fd_ = -1;
}

bool ListenerControl::filter(const PacketRules& rules) {
  const Result<PacketProgram> program = PacketProgram::build(rules);
  const Result<void> done =
      program ? attach_packet_filter(fd_, *program) : Result<void>(Fail(program.error()));
  if (!done) {
    log(LogLevel::kWarn, "proxy", "a listening socket takes no packet filter",
        {{"error", done.error().message}});
    return false;
  }
  if (!program->is_empty()) shared_.had_filter.store(true, std::memory_order_relaxed);
  return true;
}

void ListenerControl::change_listening(Listening listening) {
  const bool was_closed = listening_ == Listening::kClosed;
  listening_ = listening;
  if (listening == Listening::kFull) shared_.is_full.store(true);
  if (listening == Listening::kClosed) {
    if (::shutdown(fd_, SHUT_RD) != 0) complain("a listening socket cannot be closed");
    filler_ = FileDescriptor();
    shared_.is_full.store(false);
    return;
  }
  if (was_closed || listening == Listening::kOpen) filler_ = FileDescriptor();
  // Not before: whoever takes our own connection out has to see that it was reset.
  if (listening == Listening::kOpen) shared_.is_full.store(false);
  const int backlog = listening == Listening::kFull ? 0 : ListeningSocket::kBacklog;
  if (::listen(fd_, backlog) != 0) complain("a listening socket cannot be opened again");
  if (listening == Listening::kFull) fill();
}

/// One connection is what a queue of length 0 takes.
void ListenerControl::fill() {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd_, address.get(), &address.length) != 0) return;
  address = reachable(address);
  filler_ =
      FileDescriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::connect(filler_.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    complain("the queue of a listening socket cannot be filled");
  }
  reset_on_close(filler_.get());
  SocketAddress own;
  own.length = sizeof own.storage;
  if (getsockname(filler_.get(), own.get(), &own.length) == 0) {
    shared_.filler_port.store(port_of(own), std::memory_order_relaxed);
  }
}

}  // namespace faultline
