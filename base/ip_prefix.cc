#include "base/ip_prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace faultline {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr unsigned kIpv4Bits = 32;
constexpr unsigned kIpv6Bits = 128;
constexpr unsigned kMappedBits = 96;  // ::ffff:0:0, in front of the IPv4 address.

struct IpAddress {
  IpPrefix::Family family;
  Bytes bytes;

  unsigned all_bits() const { return family == IpPrefix::Family::kIpv4 ? kIpv4Bits : kIpv6Bits; }
};

bool is_mapped(const Bytes& bytes) {
  const auto zeros = bytes.begin() + 10;
  return std::all_of(bytes.begin(), zeros, [](std::uint8_t byte) { return byte == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

/// The IPv4 address that `bytes`, an IPv6 address, stands for.
IpAddress mapped(const Bytes& bytes) {
  IpAddress address{IpPrefix::Family::kIpv4, {}};
  std::copy(bytes.begin() + kMappedBits / 8, bytes.end(), address.bytes.begin());
  return address;
}

std::optional<IpAddress> address_from(const std::string& text) {
  IpAddress address{IpPrefix::Family::kIpv4, {}};
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.family = IpPrefix::Family::kIpv6;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> address_from(const sockaddr& address) {
  IpAddress result{IpPrefix::Family::kIpv4, {}};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(result.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    return result;
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in6{};
  std::memcpy(&in6, &address, sizeof in6);
  result.family = IpPrefix::Family::kIpv6;
  std::memcpy(result.bytes.data(), &in6.sin6_addr, sizeof in6.sin6_addr);
  return is_mapped(result.bytes) ? mapped(result.bytes) : result;
}

/// `bytes` with everything after the first `bits` bits cleared.
Bytes first_bits(Bytes bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits <= 8 * i ? 0 : std::min(bits - 8 * i, 8U);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return bytes;
}

}  // namespace

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::string quoted = "`" + std::string(text) + "`";
  const std::size_t slash = text.find('/');
  const std::string_view written_address = text.substr(0, slash);
  std::optional<IpAddress> address;
  // What follows a zero byte would go unseen.
  if (text.find('\0') == std::string_view::npos) {
    address = address_from(std::string(written_address));
  }
  if (!address) {
    return fail(ErrorKind::kInvalid,
                quoted + " is not an IP address or prefix, such as 127.0.0.1, 10.1.0.0/16 or " +
                    "fd00::/8");
  }
  unsigned bits = address->all_bits();
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, bits);
    if (number.empty() || stop != end || error != std::errc() || bits > address->all_bits()) {
      return fail(ErrorKind::kInvalid, quoted +
                                           ": after the slash comes the number of fixed bits, " +
                                           "0 to " + std::to_string(address->all_bits()));
    }
  }
  const bool is_ipv6 = address->family == Family::kIpv6;
  if (is_ipv6 && bits >= kMappedBits && is_mapped(address->bytes)) {
    *address = mapped(address->bytes);
    bits -= kMappedBits;
  }
  IpPrefix prefix;
  prefix.family_ = address->family;
  prefix.bits_ = bits;
  prefix.bytes_ = first_bits(address->bytes, bits);
  if (prefix.bytes_ != address->bytes) {
    return fail(ErrorKind::kInvalid, quoted + " has bits set beyond " +
                                         std::string(text.substr(slash)) + ": write " +
                                         prefix.text());
  }
  return prefix;
}

std::optional<IpPrefix> IpPrefix::of(const sockaddr& address) {
  const std::optional<IpAddress> ip = address_from(address);
  if (!ip) return std::nullopt;
  IpPrefix prefix;
  prefix.family_ = ip->family;
  prefix.bits_ = ip->all_bits();
  prefix.bytes_ = ip->bytes;
  return prefix;
}

IpPrefix IpPrefix::shortened(unsigned bits) const {
  IpPrefix prefix = *this;
  prefix.bits_ = bits;
  prefix.bytes_ = first_bits(bytes_, bits);
  return prefix;
}

bool IpPrefix::contains(const IpPrefix& other) const {
  return family_ == other.family_ && bits_ <= other.bits_ && other.shortened(bits_) == *this;
}

std::string IpPrefix::text() const {
  const bool is_ipv4 = family_ == Family::kIpv4;
  char address[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_ipv4 ? AF_INET : AF_INET6, bytes_.data(), address, sizeof address);
  if (bits_ == (is_ipv4 ? kIpv4Bits : kIpv6Bits)) return address;
  return std::string(address) + "/" + std::to_string(bits_);
}

bool IpPrefix::contains(const sockaddr& address) const {
  const std::optional<IpAddress> ip = address_from(address);
  return ip && ip->family == family_ && first_bits(ip->bytes, bits_) == bytes_;
}

}  // namespace faultline
