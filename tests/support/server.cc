#include "tests/support/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

namespace faultline::test {

Behaviour echo() {
  return [](const Socket& peer) {
    for (;;) {
      const Received some = peer.receive_some(SIZE_MAX, std::chrono::hours(1));
      if (some.bytes.empty()) return Then::kClose;
      peer.send(some.bytes, std::chrono::hours(1));
    }
  };
}

Behaviour silent() {
  return [](const Socket& /*peer*/) { return Then::kKeepOpen; };
}

Behaviour swallow() {
  return [](const Socket& peer) {
    while (!peer.receive_some(SIZE_MAX, std::chrono::hours(1)).bytes.empty()) continue;
    return Then::kClose;
  };
}

Behaviour say(std::string bytes) {
  return [bytes = std::move(bytes)](const Socket& peer) {
    peer.send(bytes, std::chrono::hours(1));
    peer.shut_down_write();
    return swallow()(peer);
  };
}

Behaviour say_and_close(std::string bytes) {
  return [bytes = std::move(bytes)](const Socket& peer) {
    peer.send(bytes, std::chrono::hours(1));
    return Then::kClose;
  };
}

Behaviour say_and_reset(std::string bytes) {
  return [bytes = std::move(bytes)](const Socket& peer) {
    peer.send(bytes, std::chrono::hours(1));
    peer.receive(1, std::chrono::hours(1));
    return Then::kReset;
  };
}

Behaviour answer_at_finish(std::string answer) {
  return [answer = std::move(answer)](const Socket& peer) {
    while (!peer.receive_some(SIZE_MAX, std::chrono::hours(1)).bytes.empty()) continue;
    peer.send(answer, std::chrono::hours(1));
    return Then::kClose;
  };
}

Server::Server(Behaviour behaviour, const std::string& address)
    : behaviour_(std::move(behaviour)),
      listener_(Socket::listen(address)),
      address_(listener_.local_address()),
      acceptor_([this] { accept_all(); }) {}

Server::~Server() {
  stopping_ = true;
  listener_.shut_down();
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Socket& socket : sockets_) socket.shut_down();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Server::accept_all() {
  while (!stopping_) {
    // Not for long: shutting down wakes those who wait for TCP, but not for unix sockets.
    std::optional<Socket> socket = listener_.accept(milliseconds(50));
    if (!socket) continue;
    const std::lock_guard lock(mutex_);
    Socket& kept = sockets_.emplace_back(std::move(*socket));
    threads_.emplace_back([this, &kept] { serve(kept); });
    ++accepted_;
  }
}

void Server::serve(Socket& socket) {
  Then then = Then::kClose;
  try {
    then = behaviour_(socket);
  } catch (const std::exception&) {
    then = Then::kClose;
  }
  const std::lock_guard lock(mutex_);
  if (then == Then::kFinish) socket.shut_down_write();
  if (then == Then::kClose) socket.close();
  if (then == Then::kReset) socket.reset();
}

BlackHole::BlackHole() : listener_(Socket::listen("127.0.0.1:0", 0)) {
  address_ = listener_.local_address();
  for (int i = 0; i < 8; ++i) {
    auto [filler, error] = Socket::try_connect(address_, milliseconds(50));
    if (error == ETIMEDOUT) return;
    fillers_.push_back(std::move(filler));
  }
  throw std::runtime_error("cannot fill the queue of a listener");
}

const Socket& BlackHole::heal() {
  ::listen(listener_.fd(), 4096);
  for (std::size_t i = 0; i < fillers_.size(); ++i) listener_.accept();
  fillers_.clear();
  return listener_;
}

CrowdServer::CrowdServer(Manner manner)
    : manner_(manner),
      listener_(Socket::listen("127.0.0.1:0")),
      address_(listener_.local_address()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      thread_([this] { run(); }) {}

CrowdServer::~CrowdServer() {
  stopping_ = true;
  listener_.shut_down();
  thread_.join();
  ::close(epoll_);
}

void CrowdServer::run() {
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_.fd()}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_.fd(), &event);
  std::array<epoll_event, 64> ready;
  while (!stopping_) {
    const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd != listener_.fd()) {
        serve(fd);
      } else if (std::optional<Socket> socket = listener_.accept(milliseconds(0))) {
        event.events = manner_ == Manner::kEcho ? EPOLLIN : EPOLLOUT | EPOLLRDHUP;
        event.data.fd = socket->fd();
        epoll_ctl(epoll_, EPOLL_CTL_ADD, socket->fd(), &event);
        sockets_.push_back(std::move(*socket));
        ++accepted_;
      }
    }
  }
}

void CrowdServer::serve(int fd) {
  static const std::string flood(64 * 1024, 'f');
  std::array<char, 16 * 1024> buffer;
  ssize_t count = 0;
  if (manner_ == Manner::kFlood) {
    count = ::send(fd, flood.data(), flood.size(), MSG_NOSIGNAL);
  } else {
    count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count > 0) count = ::send(fd, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
  }
  if (count > 0 || (count < 0 && errno == EAGAIN)) return;
  ++ended_;
  if (count < 0) ++resets_;  // Whichever call met the RST: it is told once.
  sockets_.remove_if([fd](const Socket& socket) { return socket.fd() == fd; });
}

}  // namespace faultline::test
