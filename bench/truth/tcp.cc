#include "bench/truth/tcp.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace faultline::bench::truth {

namespace {

constexpr int kBacklog = 4096;

Result<FileDescriptor> make_socket(const std::string& congestion) {
  FileDescriptor made(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(congestion.size());
  if (setsockopt(made.get(), IPPROTO_TCP, TCP_CONGESTION, congestion.data(), size) != 0) {
    return fail(ErrorKind::kInvalid,
                "congestion control `" + congestion + "`: " + std::strerror(errno));
  }
  const int on = 1;
  setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

}  // namespace

Result<FileDescriptor> listen_on(const Endpoint& where, const std::string& congestion) {
  auto listener = make_socket(congestion);
  if (!listener) return listener;
  const int on = 1;
  setsockopt(listener->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = where.to_sockaddr();
  if (bind(listener->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener->get(), kBacklog) != 0) {
    return fail(ErrorKind::kNetwork, std::string("cannot listen: ") + std::strerror(errno));
  }
  return listener;
}

Result<FileDescriptor> begin_to_connect(const Endpoint& to, const std::string& congestion) {
  auto made = make_socket(congestion);
  if (!made) return made;
  const sockaddr_in address = to.to_sockaddr();
  if (connect(made->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    return fail(ErrorKind::kNetwork, std::string("cannot connect: ") + std::strerror(errno));
  }
  return made;
}

int connect_error(const FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace faultline::bench::truth
