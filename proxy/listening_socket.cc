#include "proxy/listening_socket.h"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "proxy/socket.h"

namespace faultline {

namespace {

/// "address already in use": the kernel's words as Toxiproxy (Go) spells them.
std::string reason(int error) {
  std::string words = std::strerror(error);
  words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
  return words;
}

bool is_wildcard(const SocketAddress& address) {
  const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  return address.family() == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr);
}

/// The same port on every IPv4 address, for a kernel without IPv6.
SocketAddress ipv4_wildcard(const SocketAddress& address) {
  SocketAddress result;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port;
  std::memcpy(&result.storage, &in, sizeof in);
  result.length = sizeof in;
  return result;
}

/// Removes the socket file of a process that is gone; one that is served stays.
void remove_stale_socket(const SocketAddress& address, const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), address.get(), address.length) != 0 && errno == ECONNREFUSED) {
    unlink(path.c_str());
  }
}

SocketAddress bound_address(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  getsockname(fd, address.get(), &address.length);
  return address;
}

/// A socket bound to `address`, or the errno.
std::pair<FileDescriptor, int> bind_to(const SocketAddress& address) {
  FileDescriptor fd(socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return {FileDescriptor(), errno};
  if (address.family() != AF_UNIX) {
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_stream_options(fd.get(), address);
    set_keepalive(fd.get(), true);
  }
  if (is_wildcard(address)) {
    const int off = 0;
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), address.get(), address.length) != 0) return {FileDescriptor(), errno};
  return {std::move(fd), 0};
}

/// A socket that listens on `address`, or the errno.
std::pair<FileDescriptor, int> listen_on(const SocketAddress& address) {
  auto [fd, error] = bind_to(address);
  // A port that the kernel has chosen is given back when the socket stops listening; one that
  // was asked for is kept. So it is asked for, while it is ours.
  if (error == 0 && address.family() != AF_UNIX && port_of(address) == 0) {
    const FileDescriptor chooser = std::move(fd);
    std::tie(fd, error) = bind_to(bound_address(chooser.get()));
  }
  if (error != 0) return {FileDescriptor(), error};
  if (::listen(fd.get(), ListeningSocket::kBacklog) != 0) return {FileDescriptor(), errno};
  return {std::move(fd), 0};
}

Result<std::vector<SocketAddress>> resolve(std::string_view listen, const Names& names) {
  const Result<HostPort> where = parse_host_port(listen);
  if (!where) return Fail(where.error());
  return addresses_of(*where, names);
}

}  // namespace

Result<ListeningSocket> ListeningSocket::bind(std::string_view listen, const Names& names) {
  const Result<std::vector<SocketAddress>> addresses = resolve(listen, names);
  if (!addresses) {
    if (addresses.error().kind == ErrorKind::kNeedsLookup) return Fail(addresses.error());
    return fail(ErrorKind::kNetwork, "listen tcp: " + addresses.error().message);
  }
  SocketAddress address = addresses->front();
  const bool is_unix = address.family() == AF_UNIX;
  const std::string path = is_unix ? to_string(address).substr(std::strlen("unix:")) : "";
  if (is_unix) remove_stale_socket(address, path);

  auto [fd, error] = listen_on(address);
  if (error == EAFNOSUPPORT && is_wildcard(address)) {
    address = ipv4_wildcard(address);
    std::tie(fd, error) = listen_on(address);
  }
  if (error != 0) {
    const std::string where = is_unix ? "listen unix " + path : "listen tcp " + to_string(address);
    return fail(ErrorKind::kNetwork, where + ": bind: " + reason(error));
  }
  ListeningSocket result;
  result.address_ = is_unix ? "unix:" + path : to_string(bound_address(fd.get()));
  result.fd_ = std::move(fd);
  static std::atomic<std::uint64_t> last_number{0};
  result.number_ = ++last_number;
  struct stat status {};
  if (is_unix && lstat(path.c_str(), &status) == 0) {
    result.unix_path_ = path;
    result.unix_inode_ = status.st_ino;
  }
  return result;
}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  std::swap(unix_path_, other.unix_path_);
  std::swap(unix_inode_, other.unix_inode_);
  std::swap(number_, other.number_);
  std::swap(left_out_, other.left_out_);
  return *this;
}

ListeningSocket::~ListeningSocket() {
  struct stat status {};
  const bool is_ours = fd_.is_open() && !unix_path_.empty() &&
                       lstat(unix_path_.c_str(), &status) == 0 && status.st_ino == unix_inode_;
  if (is_ours) unlink(unix_path_.c_str());
}

DroppedPackets ListeningSocket::dropped_packets() const {
  if (!is_open()) return {};
  std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t size = sizeof values;
  const bool is_said = getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, values.data(), &size) == 0;
  const std::uint64_t all = is_said ? values[SK_MEMINFO_DROPS] : 0;
  return {number_, all - std::min(all, left_out_)};
}

Result<std::string> normal_address(std::string_view listen, const Names& names) {
  const Result<std::vector<SocketAddress>> addresses = resolve(listen, names);
  if (!addresses) return Fail(addresses.error());
  return to_string(addresses->front());
}

}  // namespace faultline
