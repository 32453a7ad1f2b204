#include "bench/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "base/verify.h"
#include "bench/child.h"

namespace faultline::bench {

namespace {

constexpr int kBacklog = 4096;
constexpr int kConnectPatienceMs = 5'000;
constexpr rlim_t kOpenFilesWanted = 131'072;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Fail network_error(std::uint16_t port, const char* what) {
  return fail(ErrorKind::kNetwork, std::string(what) + " 127.0.0.1:" + std::to_string(port) + ": " +
                                       std::strerror(errno));
}

FileDescriptor make_socket() {
  return FileDescriptor(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Moved moved_by(ssize_t result, std::size_t asked) {
  if (result < 0) {
    const bool blocked = errno == EAGAIN || errno == EINTR;
    return {.is_blocked = blocked, .is_over = !blocked};
  }
  return {.bytes = static_cast<std::size_t>(result),
          .is_blocked = static_cast<std::size_t>(result) < asked};
}

Moved received(ssize_t result, std::size_t asked) {
  if (result == 0) return {.is_over = true};
  return moved_by(result, asked);
}

}  // namespace

Result<FileDescriptor> listen_on_loopback(std::uint16_t port) {
  FileDescriptor listener = make_socket();
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(listener.get(), generic(address), sizeof address) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return network_error(port, "cannot listen on");
  }
  return listener;
}

std::uint16_t port_of(const FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  VERIFY(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

std::uint16_t find_free_port() {
  std::random_device random;
  for (;;) {
    const auto port = static_cast<std::uint16_t>(10'000 + random() % 20'000);
    if (listen_on_loopback(port)) return port;
  }
}

Result<FileDescriptor> connect_and_greet(const Way& way, const Greeting& greeting) {
  return connect_and_say(way, {reinterpret_cast<const char*>(&greeting), sizeof greeting}, 0);
}

Result<FileDescriptor> connect_and_say(const Way& way, std::string_view words, int receive_bytes) {
  FileDescriptor socket = make_socket();
  if (!socket.is_open()) return network_error(way.port, "cannot open a socket to");
  send_at_once(socket.get());
  if (receive_bytes > 0) {  // Before it connects: else the peer is told of a larger window.
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  if (!way.source.empty()) {
    sockaddr_in source = loopback(0);
    VERIFY(inet_pton(AF_INET, way.source.c_str(), &source.sin_addr) == 1);
    if (bind(socket.get(), generic(source), sizeof source) != 0) {
      return network_error(way.port, "cannot choose an address to connect to");
    }
  }
  const sockaddr_in address = loopback(way.port);
  if (connect(socket.get(), generic(address), sizeof address) != 0 && errno != EINPROGRESS) {
    return network_error(way.port, "cannot connect to");
  }
  Moved sent = send_some(socket, words);
  if (sent.is_blocked && sent.bytes == 0) {
    pollfd writable{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    if (poll(&writable, 1, kConnectPatienceMs) <= 0) {
      errno = ETIMEDOUT;
      return network_error(way.port, "cannot connect to");
    }
    sent = send_some(socket, words);
  }
  if (sent.bytes != words.size()) return network_error(way.port, "cannot connect to");
  return socket;
}

std::optional<FileDescriptor> accept_from(const FileDescriptor& listener) {
  FileDescriptor socket(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.is_open()) return std::nullopt;
  send_at_once(socket.get());
  return socket;
}

void reset_on_close(const FileDescriptor& socket) {
  const linger none{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

std::size_t raise_open_files_limit() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < kOpenFilesWanted) {
    // More than the hard limit is for root alone, and more than fs.nr_open for nobody.
    const std::string ceiling = read_file("/proc/sys/fs/nr_open");
    const rlim_t wanted =
        std::min(kOpenFilesWanted, rlim_t{std::strtoull(ceiling.c_str(), nullptr, 10)});
    const rlimit higher{.rlim_cur = wanted, .rlim_max = wanted};
    if (wanted > files.rlim_max && setrlimit(RLIMIT_NOFILE, &higher) == 0) return wanted;
  }
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kOpenFilesWanted));
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

Moved send_some(const FileDescriptor& socket, std::string_view bytes) {
  return moved_by(send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), bytes.size());
}

Moved receive_some(const FileDescriptor& socket, char* buffer, std::size_t room) {
  return received(recv(socket.get(), buffer, room, 0), room);
}

Moved discard_some(const FileDescriptor& socket, std::size_t most) {
  return received(recv(socket.get(), nullptr, most, MSG_TRUNC), most);
}

}  // namespace faultline::bench
