#include "proxy/listener_control.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
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

SocketAddress local_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.length) != 0) return {};
  return address;
}

const sockaddr_in& ipv4(const SocketAddress& address) {
  return *reinterpret_cast<const sockaddr_in*>(&address.storage);
}

const sockaddr_in6& ipv6(const SocketAddress& address) {
  return *reinterpret_cast<const sockaddr_in6*>(&address.storage);
}

SocketAddress ipv4_loopback(in_port_t port) {
  SocketAddress address;
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  in->sin_family = AF_INET;
  in->sin_port = port;
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.length = sizeof *in;
  return address;
}

/// Where a socket that listens at `address` is reached from this machine. One
/// that listens everywhere takes IPv4 too, and there may be no ::1.
SocketAddress reachable(const SocketAddress& address) {
  const bool is_ipv4 = address.family() == AF_INET;
  const bool is_anywhere = is_ipv4 ? ipv4(address).sin_addr.s_addr == INADDR_ANY
                                   : IN6_IS_ADDR_UNSPECIFIED(&ipv6(address).sin6_addr);
  if (!is_anywhere) return address;
  return ipv4_loopback(is_ipv4 ? ipv4(address).sin_port : ipv6(address).sin6_port);
}

SocketAddress with_any_port(SocketAddress address) {
  if (address.family() == AF_INET) reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = 0;
  if (address.family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = 0;
  }
  return address;
}

bool is_same_host(const SocketAddress& one, const SocketAddress& other) {
  if (one.family() != other.family()) return false;
  if (one.family() == AF_INET) return ipv4(one).sin_addr.s_addr == ipv4(other).sin_addr.s_addr;
  return IN6_ARE_ADDR_EQUAL(&ipv6(one).sin6_addr, &ipv6(other).sin6_addr);
}

}  // namespace

/// Whoever connects to himself from that port has to be us: so much is asked of
/// the kernel for one connection in tens of thousands.
bool ListenerControl::Shared::take_filler(int client, const SocketAddress& address) {
  for (std::atomic<std::uint16_t>& filler : filler_ports) {
    std::uint16_t port = filler.load();
    if (port == 0 || port != port_of(address)) continue;
    if (!is_same_host(local_address(client), address)) continue;
    if (filler.compare_exchange_strong(port, 0)) return true;
  }
  return false;
}

void ListenerControl::set(const ListenerFaults& faults) {
  VERIFY(fd_ >= 0);
  const bool drops_differ = faults.drops != drops_;
  if (drops_differ) {
    drops_ = faults.drops;
    filter();
  }
  if (faults.listening != listening_) {
    change_listening(faults.listening);
  } else if (drops_differ && listening_ == Listening::kFull && !is_filled()) {
    fill();
  }
}

void ListenerControl::let_go() {
  if (fd_ < 0) return;
  set({});
  fd_ = -1;
}

void ListenerControl::filter() {
  const Result<PacketProgram> program = PacketProgram::build(drops_);
  if (!program) detach_packet_filter(fd_);
  // Before it is: whoever accepts meanwhile has to know.
  if (program && !program->is_empty()) shared_.had_filter.store(true);
  const Result<void> done =
      program ? replace_packet_filter(fd_, *program) : Result<void>(Fail(program.error()));
  if (done) return;
  log(LogLevel::kWarn, "proxy", "a listening socket takes no packet filter",
      {{"error", done.error().message}});
}

void ListenerControl::change_listening(Listening listening) {
  const bool was_closed = listening_ == Listening::kClosed;
  listening_ = listening;
  if (listening == Listening::kFull) shared_.is_full.store(true);
  if (listening == Listening::kClosed) {
    if (::shutdown(fd_, SHUT_RD) != 0) complain("a listening socket cannot be closed");
    empty();
    shared_.is_full.store(false);
    return;
  }
  if (was_closed || listening == Listening::kOpen) empty();
  // Not before: whoever takes our own connection out has to see that it was reset.
  if (listening == Listening::kOpen) shared_.is_full.store(false);
  const int backlog = listening == Listening::kFull ? 0 : ListeningSocket::kBacklog;
  if (::listen(fd_, backlog) != 0) complain("a listening socket cannot be opened again");
  if (listening == Listening::kFull) fill();
}

/// One connection is what a queue of length 0 takes. It is made like any
/// client's, so the filter is off while it is.
void ListenerControl::fill() {
  empty();
  const SocketAddress address = reachable(local_address(fd_));
  const SocketAddress from = with_any_port(address);
  filler_ =
      FileDescriptor(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (::bind(filler_.get(), from.get(), from.length) != 0) {
    complain("the queue of a listening socket cannot be filled");
    return;
  }
  last_filler_ = (last_filler_ + 1) % shared_.filler_ports.size();
  shared_.filler_ports[last_filler_].store(port_of(local_address(filler_.get())));
  const bool is_filtered = !are_empty(drops_);
  if (is_filtered) detach_packet_filter(fd_);
  if (::connect(filler_.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
    complain("the queue of a listening socket cannot be filled");
  }
  reset_on_close(filler_.get());
  if (is_filtered) filter();
}

/// Takes our own connection back. If it is in the queue, dead, whoever accepts it forgets it.
void ListenerControl::empty() {
  if (!filler_.is_open()) return;
  if (!is_filled()) shared_.filler_ports[last_filler_].store(0);
  filler_ = FileDescriptor();
}

/// Whether our own connection is there, and nobody has taken it out.
bool ListenerControl::is_filled() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  return filler_.is_open() && getsockopt(filler_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_state == TCP_ESTABLISHED;
}

}  // namespace faultline
