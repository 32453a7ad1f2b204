#include "proxy/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>

namespace faultline {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Fail bad_address(std::string_view text, std::string_view what) {
  return fail(ErrorKind::kNetwork, "address " + std::string(text) + ": " + std::string(what));
}

Result<std::uint16_t> parse_port(std::string_view port) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool is_number = end == port.data() + port.size();
  if (port.empty()) return std::uint16_t{0};
  if (is_number && error == std::errc() && number <= UINT16_MAX) {
    return static_cast<std::uint16_t>(number);
  }
  if (is_number) return bad_address(port, "invalid port");
  servent service{};
  servent* found = nullptr;
  char buffer[4096];
  getservbyname_r(std::string(port).c_str(), "tcp", &service, buffer, sizeof buffer, &found);
  if (found == nullptr) return bad_address("tcp/" + std::string(port), "unknown port");
  return ntohs(static_cast<std::uint16_t>(service.s_port));
}

SocketAddress ipv4(in_addr address, std::uint16_t port) {
  SocketAddress result;
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr = address;
  in.sin_port = htons(port);
  std::memcpy(&result.storage, &in, sizeof in);
  result.length = sizeof in;
  return result;
}

SocketAddress ipv6(const in6_addr& address, std::uint16_t port) {
  SocketAddress result;
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_addr = address;
  in.sin6_port = htons(port);
  std::memcpy(&result.storage, &in, sizeof in);
  result.length = sizeof in;
  return result;
}

SocketAddress unix_path(const std::string& path) {
  SocketAddress result;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  path.copy(un.sun_path, sizeof un.sun_path - 1);
  std::memcpy(&result.storage, &un, sizeof un);
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

SocketAddress with_port(SocketAddress address, std::uint16_t port) {
  if (address.family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  } else if (address.family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
  }
  return address;
}

}  // namespace

std::uint16_t port_of(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
  }
  if (address.family() != AF_INET6) return 0;
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
}

bool is_loopback(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    return ntohl(in->sin_addr.s_addr) >> 24U == IN_LOOPBACKNET;
  }
  if (address.family() != AF_INET6) return false;
  const in6_addr& in6 = reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr;
  constexpr std::size_t kFirstIpv4Byte = 12;
  return IN6_IS_ADDR_LOOPBACK(&in6) ||
         (IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[kFirstIpv4Byte] == IN_LOOPBACKNET);
}

std::string to_string(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.family() == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in->sin_port));
  }
  if (address.family() == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(in->sin6_port));
  }
  if (address.family() == AF_UNIX) {
    return std::string(kUnixPrefix) +
           reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path;
  }
  return "unknown";
}

Result<HostPort> parse_host_port(std::string_view text) {
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    const std::string path(text.substr(kUnixPrefix.size()));
    if (path.empty()) return bad_address(text, "missing path");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) return bad_address(text, "path too long");
    if (path.find('\0') != std::string::npos) return bad_address(text, "path holds a zero byte");
    return HostPort{path, 0, true};
  }
  if (text.empty()) return HostPort{};

  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad_address(text, "missing port in address");
  std::string_view host = text.substr(0, colon);
  if (!host.empty() && host.front() == '[') {
    if (host.back() != ']') {
      const bool closed = host.find(']') != std::string_view::npos;
      return bad_address(text, closed ? "missing port in address" : "missing ']' in address");
    }
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad_address(text, "too many colons in address");
  }
  if (host.find('\0') != std::string_view::npos) return bad_address(text, "holds a zero byte");
  const Result<std::uint16_t> port = parse_port(text.substr(colon + 1));
  if (!port) return Fail(port.error());
  return HostPort{std::string(host), *port, false};
}

Result<std::vector<SocketAddress>> addresses_of(const HostPort& where, const Names& names) {
  using Addresses = std::vector<SocketAddress>;
  if (where.is_unix) return Addresses{unix_path(where.host)};

  in_addr four{};
  in6_addr six{};
  if (where.host.empty() || where.host == "0.0.0.0")
    return Addresses{ipv6(in6addr_any, where.port)};
  if (where.host == "localhost") {
    four.s_addr = htonl(INADDR_LOOPBACK);
    return Addresses{ipv4(four, where.port), ipv6(in6addr_loopback, where.port)};
  }
  if (inet_pton(AF_INET, where.host.c_str(), &four) == 1) return Addresses{ipv4(four, where.port)};
  if (inet_pton(AF_INET6, where.host.c_str(), &six) == 1) return Addresses{ipv6(six, where.port)};

  const auto known = names.find(where.host);
  if (known == names.end()) return fail(ErrorKind::kNeedsLookup, where.host);
  if (!known->second) return Fail(known->second.error());
  Addresses addresses;
  for (const SocketAddress& address : *known->second) {
    addresses.push_back(with_port(address, where.port));
  }
  return addresses;
}

Result<std::vector<SocketAddress>> addresses_from(const addrinfo* list) {
  std::vector<SocketAddress> addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      if (entry->ai_family != family) continue;
      SocketAddress& address = addresses.emplace_back();
      std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
      address.length = entry->ai_addrlen;
    }
  }
  if (addresses.empty()) return fail(ErrorKind::kNetwork, "no such host");
  return addresses;
}

Result<std::vector<SocketAddress>> look_up_blocking(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0) return fail(ErrorKind::kNetwork, "lookup " + host + ": no such host");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, &freeaddrinfo);
  return addresses_from(list);
}

}  // namespace faultline
