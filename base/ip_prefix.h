#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace faultline {

/// A range of IP addresses that share their first bits: "10.1.0.0/16", "fd00::/8".
///
/// An IPv4 address that IPv6 writes as ::ffff:10.1.2.3 (RFC 4291, section
/// 2.5.5.2) is 10.1.2.3 here, in prefixes as in addresses: that is what travels
/// over the network, and what a client of a listener for both families comes
/// from. So no IPv6 prefix, not even ::/0, contains it.
class IpPrefix {
 public:
  enum class Family { kIpv4, kIpv6 };

  /// 0.0.0.0/0: every IPv4 address.
  IpPrefix() = default;

  /// Reads an address or ADDRESS/BITS; an address alone is a prefix of itself.
  /// Errors (kInvalid) name the text, and the fix where there is one:
  /// "`10.1.2.3/16` has bits set beyond /16: write 10.1.0.0/16".
  static Result<IpPrefix> parse(std::string_view text);

  /// That one address, its port aside; nothing for families other than IP.
  static std::optional<IpPrefix> of(const sockaddr& address);

  /// The prefix of `bits` bits that this is in. REQUIRES: bits <= bits().
  IpPrefix shortened(unsigned bits) const;

  /// As parse() takes it: "10.1.0.0/16", "fd00::/8"; "127.0.0.1" for a single address.
  std::string text() const;

  /// Whether `address`, its port aside, is in the range; false for families other than IP.
  bool contains(const sockaddr& address) const;

  /// Whether all of `other` is in the range.
  bool contains(const IpPrefix& other) const;

  Family family() const { return family_; }
  /// How many of the first bits are fixed: 0 to 32, or 0 to 128.
  unsigned bits() const { return bits_; }
  /// The first address, in network order; of IPv4 the first four bytes. What is
  /// not fixed is zero.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  /// By family, then bits, then address.
  auto operator<=>(const IpPrefix&) const = default;

 private:
  Family family_ = Family::kIpv4;
  unsigned bits_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace faultline
