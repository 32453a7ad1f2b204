#include "proxy/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

Transfer outcome(ssize_t moved) {
  if (moved > 0) return {Transfer::State::kMoved, static_cast<std::size_t>(moved)};
  if (moved == 0) return {Transfer::State::kEnd};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {later ? Transfer::State::kWouldBlock : Transfer::State::kBroken};
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

Socket::Socket(EventLoop& loop, FileDescriptor fd, SocketOwner& owner)
    : fd_(std::move(fd)), owner_(&owner) {
  auto* poll = new uv_poll_t;
  VERIFY(uv_poll_init(loop.uv(), poll, fd_.get()) == 0);
  poll_.reset(poll);
  poll->data = this;
}

void Socket::watch(bool readable, bool writable) {
  // Urgent data is nothing to us, but asking for it keeps the socket watched
  // for errors when nothing else is asked for.
  int events = ignores_urgent_ ? 0 : UV_PRIORITIZED;
  if (readable) events |= UV_READABLE;
  if (writable) events |= UV_WRITABLE;
  if (events == watched_ || broken_) return;
  start(events);
}

void Socket::start(int events) {
  watched_ = events;
  if (events == 0) {
    uv_poll_stop(poll_.get());
    return;
  }
  uv_poll_start(poll_.get(), events, [](uv_poll_t* handle, int status, int ready) noexcept {
    auto* self = static_cast<Socket*>(handle->data);
    if (self != nullptr) self->on_poll(status, ready);
  });
}

void Socket::on_poll(int status, int events) {
  if (status < 0) {  // EPOLLERR: libuv has stopped the handle.
    broken_ = true;
    watched_ = 0;
    owner_->on_socket_ready(*this, {.readable = true, .writable = true, .broken = true});
    return;
  }
  if ((events & UV_PRIORITIZED) != 0 && (events & (UV_READABLE | UV_WRITABLE)) == 0) {
    // Urgent data, or both directions over: neither is an error or goes away.
    ignores_urgent_ = true;
    start(watched_ & ~UV_PRIORITIZED);
    return;
  }
  owner_->on_socket_ready(
      *this, {.readable = (events & UV_READABLE) != 0, .writable = (events & UV_WRITABLE) != 0});
}

Transfer Socket::read(char* buffer, std::size_t size) {
  Transfer transfer = outcome(::recv(fd_.get(), buffer, size, 0));
  // The write that met the RST has taken the error; to later reads it looks like an end.
  if (transfer.state == Transfer::State::kEnd && dead_) transfer.state = Transfer::State::kBroken;
  return transfer;
}

Transfer Socket::write(std::string_view bytes) {
  const Transfer transfer = outcome(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  if (transfer.state == Transfer::State::kBroken) dead_ = true;
  return transfer;
}

void Socket::finish() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void Socket::reset_on_close() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int Socket::take_error() {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

FileDescriptor Socket::release() {
  poll_.reset();
  return std::move(fd_);
}

void set_stream_options(int fd) {
  constexpr int kKeepaliveSeconds = 15;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveSeconds);
}

}  // namespace faultline
