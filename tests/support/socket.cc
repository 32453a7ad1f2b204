#include "tests/support/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace faultline::test {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[noreturn]] void give_up(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

Address parse(const std::string& text) {
  Address address;
  if (text.rfind("unix:", 0) == 0) {
    auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
    un->sun_family = AF_UNIX;
    text.copy(un->sun_path, sizeof un->sun_path - 1, 5);
    address.length = sizeof *un;
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("not an address: '" + text + "'");
  const std::string host = text.substr(0, colon);
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
  if (host.front() == '[') {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = port;
    inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &in6->sin6_addr);
    address.length = sizeof *in6;
  } else {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_port = port;
    inet_pton(AF_INET, host.c_str(), &in->sin_addr);
    address.length = sizeof *in;
  }
  return address;
}

std::string print(Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_UNIX) {
    return std::string("unix:") + reinterpret_cast<sockaddr_un*>(&address.storage)->sun_path;
  }
  if (address.storage.ss_family == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(in6->sin6_port));
  }
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
  return std::string(text) + ":" + std::to_string(ntohs(in->sin_port));
}

Socket make_socket(int family) {
  Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) give_up("socket", errno);
  const int on = 1;
  if (family != AF_UNIX) setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

Socket Socket::connect(const std::string& address, milliseconds patience) {
  auto [socket, error] = try_connect(address, patience);
  if (error != 0) give_up("connect to " + address, error);
  return std::move(socket);
}

std::pair<Socket, int> Socket::try_connect(const std::string& address, milliseconds patience) {
  return try_connect_from("", address, patience);
}

std::pair<Socket, int> Socket::try_connect_from(const std::string& from, const std::string& address,
                                                milliseconds patience) {
  Address to = parse(address);
  Socket socket = make_socket(to.storage.ss_family);
  if (!from.empty()) {
    const int on = 1;  // Ports are shared between those that dial elsewhere.
    setsockopt(socket.fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    Address local = parse(from + ":0");
    if (::bind(socket.fd_, local.get(), local.length) != 0) give_up("bind " + from, errno);
  }
  if (::connect(socket.fd_, to.get(), to.length) == 0) return {std::move(socket), 0};
  if (errno != EINPROGRESS) return {Socket(), errno};
  if (!socket.wait(POLLOUT, Clock::now() + patience)) return {Socket(), ETIMEDOUT};
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(socket.fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  return {std::move(socket), error};
}

Socket Socket::listen(const std::string& address, int backlog) {
  Address at = parse(address);
  Socket socket = make_socket(at.storage.ss_family);
  const int on = 1;
  setsockopt(socket.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.fd_, at.get(), at.length) != 0) give_up("bind " + address, errno);
  if (::listen(socket.fd_, backlog) != 0) give_up("listen " + address, errno);
  return socket;
}

std::optional<Socket> Socket::accept(milliseconds patience) const {
  const Clock::time_point until = Clock::now() + patience;
  while (wait(POLLIN, until)) {
    Socket socket(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.is_open()) {
      const int on = 1;
      setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
    if (errno != ECONNABORTED) return std::nullopt;  // EAGAIN: a unix listener was shut down.
  }
  return std::nullopt;
}

std::string Socket::local_address() const {
  Address address;
  address.length = sizeof address.storage;
  if (getsockname(fd_, address.get(), &address.length) != 0) give_up("getsockname", errno);
  return print(address);
}

void Socket::send(std::string_view bytes, milliseconds patience) const {
  const Clock::time_point until = Clock::now() + patience;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN) {
      give_up("send", errno);
    } else if (!wait(POLLOUT, until)) {
      give_up("send", ETIMEDOUT);
    }
  }
}

std::size_t Socket::send_some(std::string_view bytes) const {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::string Socket::receive(std::size_t count, milliseconds patience) const {
  const Clock::time_point until = Clock::now() + patience;
  std::string bytes;
  while (bytes.size() < count) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const Received more = receive_some(count - bytes.size(), std::max(left, milliseconds(0)));
    if (more.bytes.empty()) {
      throw std::runtime_error("the stream gave " + std::to_string(bytes.size()) + " of " +
                               std::to_string(count) + " bytes and then " +
                               (more.ending == Ending::kOpen     ? "nothing more"
                                : more.ending == Ending::kFinish ? "ended"
                                                                 : "was reset"));
    }
    bytes += more.bytes;
  }
  return bytes;
}

Received Socket::receive_some(std::size_t most, milliseconds patience) const {
  constexpr std::size_t kBuffer = 256 * 1024;
  const Clock::time_point until = Clock::now() + patience;
  std::string bytes(std::min(most, kBuffer), '\0');
  for (;;) {
    const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (count > 0) {
      bytes.resize(static_cast<std::size_t>(count));
      return {std::move(bytes), Ending::kOpen};
    }
    if (count == 0) return {"", Ending::kFinish};
    if (errno == ECONNRESET || errno == EPIPE) return {"", Ending::kReset};
    if (errno != EAGAIN) give_up("recv", errno);
    if (!wait(POLLIN, until)) return {"", Ending::kOpen};
  }
}

Received Socket::receive_all(milliseconds patience) const {
  const Clock::time_point until = Clock::now() + patience;
  Received all;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    const Received more = receive_some(SIZE_MAX, std::max(left, milliseconds(0)));
    if (more.bytes.empty()) {
      all.ending = more.ending;
      return all;
    }
    all.bytes += more.bytes;
  }
}

bool Socket::is_quiet_for(milliseconds time) const {
  return !wait(POLLIN, Clock::now() + time);
}

void Socket::shut_down_write() const {
  ::shutdown(fd_, SHUT_WR);
}

void Socket::shut_down() const {
  ::shutdown(fd_, SHUT_RDWR);
}

void Socket::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Socket::set_receive_buffer(int bytes) const {
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool Socket::wait(short events, Clock::time_point until) const {
  pollfd poller{.fd = fd_, .events = events, .revents = 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    const int ready = ::poll(&poller, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) give_up("poll", errno);
  }
}

std::string round_trip(const Socket& socket, const std::string& text) {
  socket.send(text);
  return socket.receive(text.size());
}

std::string port_of(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

void pause_for(milliseconds time) {
  std::this_thread::sleep_for(time);
}

}  // namespace faultline::test
