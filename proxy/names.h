#pragma once

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline {

/// A socket address of any family, ready for bind() or connect().
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// "127.0.0.1:80", "[::1]:80", "unix:/run/a.sock".
std::string to_string(const SocketAddress& address);

/// Of an IP address; 0 for others.
std::uint16_t port_of(const SocketAddress& address);

/// 127.0.0.0/8, ::1, and the former as IPv6 writes it.
bool is_loopback(const SocketAddress& address);

/// An address as users write it, split but not looked up.
struct HostPort {
  std::string host;  ///< "" is the wildcard; for unix sockets the path.
  std::uint16_t port = 0;
  bool is_unix = false;
};

/// Splits HOST:PORT, :PORT, [IPV6]:PORT, HOST:SERVICE or unix:/PATH. Errors are
/// Toxiproxy's words: "address foo: missing port in address".
Result<HostPort> parse_host_port(std::string_view text);

/// The addresses of host names that have been looked up, or why they could not
/// be. Whoever needs one that is missing fails with kNeedsLookup and the name.
using Names = std::map<std::string, Result<std::vector<SocketAddress>>>;

/// The addresses of `where`, IPv4 first; never empty on success. IP literals,
/// the wildcard, unix paths and "localhost" need no lookup; other names are
/// taken from `names`, else kNeedsLookup.
Result<std::vector<SocketAddress>> addresses_of(const HostPort& where, const Names& names);

/// The stream addresses in the answer of getaddrinfo(), IPv4 first; port 0.
Result<std::vector<SocketAddress>> addresses_from(const addrinfo* list);

/// Looks `host` up, blocking: for start-up, before anything is served.
Result<std::vector<SocketAddress>> look_up_blocking(const std::string& host);

}  // namespace faultline
