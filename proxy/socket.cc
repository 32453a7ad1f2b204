#include "proxy/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/verify.h"
#include "proxy/packet_filter.h"
#include "proxy/packet_program.h"

namespace faultline {

namespace {

/// What `result` says: so many bytes, or minus an errno.
Transfer transfer_of(ssize_t result) {
  if (result > 0) return {Transfer::State::kMoved, static_cast<std::size_t>(result)};
  if (result == 0) return {Transfer::State::kEnd};
  const bool later = result == -EAGAIN || result == -EWOULDBLOCK || result == -EINTR;
  return {later ? Transfer::State::kWouldBlock : Transfer::State::kBroken};
}

/// Repeats `move`, a call of the kernel's, if a signal has kept it from doing anything.
template <class Move>
Transfer outcome_of(const Move& move) {
  ssize_t moved = 0;
  do moved = move();
  while (moved < 0 && errno == EINTR);
  return transfer_of(moved < 0 ? -errno : moved);
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

/// Whether new sockets get a congestion control that sends by a timer.
bool is_paced_by_default() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_congestion_control");
  std::string name;
  return file >> name && name.rfind("bbr", 0) == 0;
}

}  // namespace

Socket::Socket(EventLoop& loop, FileDescriptor fd, Family family, SocketOwner& owner)
    : loop_(loop), owner_(&owner), fd_(std::move(fd)), plain_(family == Family::kTcp) {
  loop_.watch(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, *this);
}

Socket::~Socket() {
  loop_.forget(*this);
}

void Socket::on_ready(std::uint32_t events) noexcept {
  // Urgent data: a read stops short of it, and a splice for good, though there is more behind it.
  if ((events & EPOLLPRI) != 0) plain_ = false;
  if ((events & EPOLLERR) != 0) broken_ = true;
  if ((events & EPOLLRDHUP) != 0) peer_finished_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) may_read_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) may_write_ = true;
  owner_->on_socket_ready(*this);
}

Transfer Socket::read(char* buffer, std::size_t size) {
  if (at_end_) {
    may_read_ = false;
    return {Transfer::State::kEnd};
  }
  const Transfer transfer = outcome_of([&] { return ::recv(fd_.get(), buffer, size, 0); });
  return note_read(transfer, transfer.bytes < size);
}

Transfer Socket::peek(char* buffer, std::size_t size) {
  const Transfer transfer = outcome_of([&] { return ::recv(fd_.get(), buffer, size, MSG_PEEK); });
  if (transfer.state == Transfer::State::kWouldBlock) may_read_ = false;
  return transfer;
}

int Socket::fd_to_read(std::uint32_t events) noexcept {
  const bool has_bytes = (events & EPOLLIN) != 0 && (events & (EPOLLERR | EPOLLPRI)) == 0;
  return has_bytes && !at_end_ && owner_->will_read(*this) ? fd_.get() : -1;
}

std::optional<Socket::EarlyRead> Socket::take_early_read() {
  const CallBatch::Read* read = loop_.take_read();
  if (read == nullptr) return std::nullopt;
  VERIFY(read->fd == fd_.get());
  const Transfer transfer = transfer_of(read->result);
  const std::string_view bytes(read->data, transfer.bytes);
  return EarlyRead{note_read(transfer, transfer.bytes < CallBatch::kReadBytes), bytes};
}

Transfer Socket::note_late_write(ssize_t result, std::size_t size) {
  const Transfer transfer = transfer_of(result);
  return note_write(transfer, transfer.bytes < size);
}

Transfer Socket::splice_into(Pipe& pipe, std::size_t most) {
  const Transfer transfer = outcome_of([&] {
    return ::splice(fd_.get(), nullptr, pipe.write_end.get(), nullptr,
                    std::min(most, pipe.capacity), SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  pipe.held += transfer.bytes;
  const bool is_refused = transfer.state == Transfer::State::kBroken &&
                          (errno == EINVAL || errno == ENOSYS || errno == EPERM);
  // Where urgent data and FIN have come, a splice says "end" in front of bytes: read() knows.
  if (is_refused || transfer.state == Transfer::State::kEnd) {
    plain_ = false;
    return {Transfer::State::kUnsupported};
  }
  return note_read(transfer, false);  // Less than asked for may be all that the pipe takes.
}

/// Remembers what a read has told.
///
/// A TCP socket that gives less than it was asked for is empty: what comes
/// later will be told. If FIN was told before the read, nothing comes later,
/// and the read that would say so can be saved.
Transfer Socket::note_read(Transfer transfer, bool is_short) {
  // The write that met the RST has taken the error; to later reads it looks like an end.
  if (transfer.state == Transfer::State::kEnd && dead_) transfer.state = Transfer::State::kBroken;
  if (transfer.state != Transfer::State::kMoved) {
    may_read_ = false;
  } else if (is_short && plain_ && !broken_) {
    if (peer_finished_ && !dead_) {
      at_end_ = true;
    } else if (!peer_finished_) {
      may_read_ = false;
    }
  }
  return transfer;
}

Transfer Socket::write(std::string_view bytes) {
  const Transfer transfer =
      outcome_of([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
  return note_write(transfer, transfer.bytes < bytes.size());
}

Transfer Socket::splice_from(Pipe& pipe) {
  const Transfer transfer = outcome_of([&] {
    return ::splice(pipe.read_end.get(), nullptr, fd_.get(), nullptr, pipe.held,
                    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  });
  pipe.held -= transfer.bytes;
  return note_write(transfer, false);
}

Transfer Socket::note_write(Transfer transfer, bool is_short) {
  if (transfer.state == Transfer::State::kWouldBlock || is_short) may_write_ = false;
  if (transfer.state == Transfer::State::kMoved) return transfer;
  if (transfer.state == Transfer::State::kWouldBlock) return transfer;
  dead_ = true;
  return {Transfer::State::kBroken};
}

bool Socket::is_acknowledged() const {
  int left = 0;
  return ioctl(fd_.get(), SIOCOUTQ, &left) != 0 || left == 0;
}

void Socket::finish() {
  if (std::exchange(finished_, true)) return;
  ::shutdown(fd_.get(), SHUT_WR);
}

void reset_on_close(int fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int take_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void Socket::filter(const PacketRules& rules) {
  const Result<PacketProgram> program = PacketProgram::build(rules);
  VERIFY(program);  // One rule without sources: short.
  const Result<void> attached = replace_packet_filter(fd_.get(), *program);
  if (attached) return;
  log(LogLevel::kWarn, "proxy", "a connection takes no packet filter",
      {{"error", attached.error().message}});
}

void Socket::shut_window(bool shut) {
  constexpr int kLeast = 1;        // The kernel makes it about 1 KiB.
  constexpr int kMost = 1 << 30U;  // More than any window.
  set_option(fd_.get(), IPPROTO_TCP, TCP_WINDOW_CLAMP, shut ? kLeast : kMost);
}

SocketAddress Socket::local_address() const {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd_.get(), address.get(), &address.length) != 0) return {};
  return address;
}

void set_keepalive(int fd, bool on) {
  constexpr int kSeconds = 15;
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0);
  if (!on) return;
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kSeconds);
}

void set_stream_options(int fd, const SocketAddress& address) {
  if (address.family() == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  static const bool paces = is_paced_by_default();
  if (paces && is_loopback(address)) {
    constexpr std::string_view kUnpaced = "reno";
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
  }
}

}  // namespace faultline
