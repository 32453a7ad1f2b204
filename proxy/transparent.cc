#include "proxy/transparent.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/compact_address.h"
#include "proxy/file_descriptor.h"

namespace faultline {

namespace {

/// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST: the headers of both clash with others.
constexpr int kOriginalDestination = 80;

SocketAddress local_address_of(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.length) != 0) return {};
  return address;
}

/// As the kernel's connection tracking remembers it; empty if it does not.
SocketAddress tracked_destination(int fd, const CompactAddress& local) {
  SocketAddress address;
  address.length = sizeof address.storage;
  const int level = local.address().family() == AF_INET ? SOL_IP : SOL_IPV6;
  if (getsockopt(fd, level, kOriginalDestination, address.get(), &address.length) != 0) return {};
  return address;
}

SocketAddress with_port_zero(SocketAddress address) {
  if (address.family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(address.get())->sin_port = 0;
  } else {
    reinterpret_cast<sockaddr_in6*>(address.get())->sin6_port = 0;
  }
  return address;
}

bool is_wildcard(const CompactAddress& address) {
  const SocketAddress full = address.address();
  if (full.family() == AF_INET) {
    return reinterpret_cast<const sockaddr_in*>(full.get())->sin_addr.s_addr == INADDR_ANY;
  }
  return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(full.get())->sin6_addr);
}

/// Whether this machine has the IP address: then a socket can be bound to it.
bool is_ours(const CompactAddress& address) {
  const SocketAddress any_port = with_port_zero(address.address());
  const FileDescriptor probe(socket(any_port.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return !probe.is_open() || bind(probe.get(), any_port.get(), any_port.length) == 0;
}

}  // namespace

void set_transparent(int listener, bool on) {
  const int value = on ? 1 : 0;
  setsockopt(listener, SOL_IP, IP_TRANSPARENT, &value, sizeof value);
  setsockopt(listener, SOL_IPV6, IPV6_TRANSPARENT, &value, sizeof value);
}

Result<SocketAddress> original_destination(int client, int listener) {
  const CompactAddress local(local_address_of(client));
  const CompactAddress own(local_address_of(listener));
  if (!local.is_ip() || !own.is_ip()) {
    return fail(ErrorKind::kInvalid, "it has no address that it could have dialled");
  }
  // What was rewritten on its way here is not what it arrived at.
  const CompactAddress tracked(tracked_destination(client, local));
  if (tracked.is_ip() && tracked != local) return tracked.address();
  const bool is_here =
      local.port() == own.port() && (local == own || (is_wildcard(own) && is_ours(local)));
  if (!is_here) return local.address();
  return fail(ErrorKind::kInvalid,
              "it has come straight to the listener: to pass it on would be to dial ourselves");
}

}  // namespace faultline
