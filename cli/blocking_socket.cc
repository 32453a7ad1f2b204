#include "cli/blocking_socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace faultline {

namespace {

Fail failed(int error) {
  return fail(ErrorKind::kNetwork, std::strerror(error));
}

}  // namespace

/// Waits until it is ready for `events`; false if it is not at the deadline.
Result<bool> BlockingSocket::wait_until(short events, Deadline deadline) const {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> targets = {pollfd{descriptor_, events, 0}, pollfd{interrupt_, POLLIN, 0}};
    const auto most = std::min<std::chrono::milliseconds::rep>(left.count(), 60'000);
    const int ready = poll(targets.data(), targets.size(), static_cast<int>(most));
    if (targets[1].revents != 0) return fail(ErrorKind::kNetwork, "interrupted");
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return failed(errno);
  }
}

Result<void> BlockingSocket::wait_for(short events, Deadline deadline) const {
  const auto ready = wait_until(events, deadline);
  if (!ready) return Fail(ready.error());
  if (!*ready) return fail(ErrorKind::kNetwork, "no answer in time");
  return {};
}

Result<BlockingSocket> BlockingSocket::connect_one(const SocketAddress& address, Deadline deadline,
                                                   int interrupt) {
  const int descriptor = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed(errno);
  BlockingSocket result(descriptor, interrupt);
  if (::connect(descriptor, address.get(), address.length) == 0) return result;
  if (errno != EINPROGRESS) return failed(errno);
  if (auto ready = result.wait_for(POLLOUT, deadline); !ready) return Fail(ready.error());
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failed(error);
  const int on = 1;  // Fails on unix sockets, harmlessly.
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return result;
}

Result<BlockingSocket> BlockingSocket::connect(const std::vector<SocketAddress>& addresses,
                                               Deadline deadline, int interrupt) {
  Result<BlockingSocket> socket = fail(ErrorKind::kNetwork, "no address");
  for (const SocketAddress& address : addresses) {
    auto next = connect_one(address, deadline, interrupt);
    if (next) return next;
    // The first address is the one people mean; its failure says most.
    if (&address == &addresses.front()) socket = Fail(next.error());
  }
  return socket;
}

BlockingSocket::BlockingSocket(BlockingSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), interrupt_(other.interrupt_) {}

BlockingSocket& BlockingSocket::operator=(BlockingSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(interrupt_, other.interrupt_);
  return *this;
}

BlockingSocket::~BlockingSocket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<void> BlockingSocket::send_all(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (auto ready = wait_for(POLLOUT, deadline); !ready) return ready;
    const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return failed(errno);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<bool> BlockingSocket::wait_readable(Deadline deadline) {
  return wait_until(POLLIN, deadline);
}

Result<std::string> BlockingSocket::receive(Deadline deadline) {
  char buffer[16 * 1024];
  while (true) {
    if (auto ready = wait_for(POLLIN, deadline); !ready) return Fail(ready.error());
    const ssize_t count = recv(descriptor_, buffer, sizeof buffer, 0);
    if (count >= 0) return std::string(buffer, static_cast<std::size_t>(count));
    if (errno != EAGAIN && errno != EINTR) return failed(errno);
  }
}

}  // namespace faultline
