#include "proxy/compact_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace faultline {

namespace {

constexpr std::size_t kMappedBytes = 12;  // ::ffff:0:0, in front of the IPv4 address.

}  // namespace

CompactAddress::CompactAddress(const SocketAddress& address) : port_(port_of(address)) {
  if (address.length == 0) return;
  family_ = address.storage.ss_family;
  if (family_ == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address.get());
    std::memcpy(ip_.data(), &in->sin_addr, sizeof in->sin_addr);
  } else if (family_ == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    std::memcpy(ip_.data(), &in6->sin6_addr, sizeof in6->sin6_addr);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) == 0) return;
    family_ = AF_INET;
    std::copy(ip_.begin() + kMappedBytes, ip_.end(), ip_.begin());
    std::fill(ip_.begin() + sizeof(in_addr), ip_.end(), std::uint8_t{0});
  }
}

SocketAddress CompactAddress::address() const {
  SocketAddress address;
  if (family_ == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(address.get());
    in->sin_port = htons(port_);
    std::memcpy(&in->sin_addr, ip_.data(), sizeof in->sin_addr);
    address.length = sizeof *in;
  } else if (family_ == AF_INET6) {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(address.get());
    in6->sin6_port = htons(port_);
    std::memcpy(&in6->sin6_addr, ip_.data(), sizeof in6->sin6_addr);
    address.length = sizeof *in6;
  } else if (family_ == AF_UNIX) {
    address.length = sizeof(sa_family_t);
  }
  address.storage.ss_family = family_;
  return address;
}

std::string CompactAddress::text() const {
  if (family_ == AF_UNIX) return "unix:";
  return is_ip() ? to_string(address()) : "";
}

}  // namespace faultline
