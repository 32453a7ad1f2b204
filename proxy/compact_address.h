#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "proxy/names.h"

namespace faultline {

/// Where a peer is: an IP address and a port in 20 bytes, where a SocketAddress
/// takes 132. For what is kept for each connection.
///
/// An IPv4 address that IPv6 writes as ::ffff:10.1.2.3 is 10.1.2.3 here, so that
/// one client has one address, whatever its listener is for. Unix sockets are all
/// the same: their clients have no address.
class CompactAddress {
 public:
  CompactAddress() = default;  ///< Nowhere.
  explicit CompactAddress(const SocketAddress& address);

  /// Empty for one that is nowhere.
  SocketAddress address() const;
  /// "127.0.0.1:80", "[::1]:80", "unix:"; "" for one that is nowhere.
  std::string text() const;

  /// Whether it is an IP address, with a port.
  bool is_ip() const { return family_ == AF_INET || family_ == AF_INET6; }
  std::uint16_t port() const { return port_; }

  bool operator==(const CompactAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> ip_{};  // In network order; of IPv4 the first four bytes.
  std::uint16_t port_ = 0;
  sa_family_t family_ = AF_UNSPEC;
};

}  // namespace faultline
