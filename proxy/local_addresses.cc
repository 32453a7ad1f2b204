#include "proxy/local_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>
#include <vector>

namespace faultline {

namespace {

/// How many addresses of a prefix are tried: others of the zone's neighbours may lie in it.
constexpr unsigned kTries = 16;

/// The address that is `offset` behind the first of `prefix`, which has that many.
SocketAddress address_at(const IpPrefix& prefix, unsigned offset) {
  SocketAddress address;
  if (prefix.family() == IpPrefix::Family::kIpv4) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    std::memcpy(&in->sin_addr, prefix.bytes().data(), sizeof in->sin_addr);
    in->sin_addr.s_addr = htonl(ntohl(in->sin_addr.s_addr) + offset);
    address.length = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in->sin6_family = AF_INET6;
    std::memcpy(&in->sin6_addr, prefix.bytes().data(), sizeof in->sin6_addr);
    in->sin6_addr.s6_addr[15] = static_cast<std::uint8_t>(in->sin6_addr.s6_addr[15] + offset);
    address.length = sizeof *in;
  }
  return address;
}

/// The first of a prefix's addresses that is in `zone`: not that which names a network, where
/// there are others.
std::optional<SocketAddress> first_in(const ZoneMap& map, ZoneId zone, const IpPrefix& prefix) {
  const unsigned most = prefix.family() == IpPrefix::Family::kIpv4 ? 32 : 128;
  const unsigned free_bits = most - prefix.bits();
  const unsigned count = free_bits >= 5 ? kTries : 1U << free_bits;
  for (unsigned offset = free_bits >= 2 ? 1 : 0; offset < count; ++offset) {
    SocketAddress address = address_at(prefix, offset);
    if (map.zone_of(*address.get()) == zone) return address;
  }
  return std::nullopt;
}

const std::vector<IpPrefix>& cidrs_of(const ZoneMap& map, ZoneId zone) {
  static const std::vector<IpPrefix> kNone;
  return zone == kNoZone ? kNone : map.zones()[zone - 1U].cidrs;
}

}  // namespace

LocalAddresses::LocalAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    SocketAddress& address = addresses_.emplace_back();
    address.length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&address.storage, one->ifa_addr, address.length);
  }
}

std::optional<SocketAddress> LocalAddresses::in(const ZoneMap& map, ZoneId zone, int family) const {
  static const IpPrefix kLoopback = *IpPrefix::parse("127.0.0.0/8");
  for (const SocketAddress& address : addresses_) {
    if (address.family() == family && map.zone_of(*address.get()) == zone) return address;
  }
  if (family != AF_INET) return std::nullopt;
  for (const IpPrefix& prefix : cidrs_of(map, zone)) {
    if (!kLoopback.contains(prefix)) continue;
    if (const auto address = first_in(map, zone, prefix)) return address;
  }
  return zone == kNoZone ? first_in(map, zone, kLoopback) : std::nullopt;
}

std::optional<SocketAddress> address_in(const ZoneMap& map, ZoneId zone) {
  for (const IpPrefix& prefix : cidrs_of(map, zone)) {
    if (const auto address = first_in(map, zone, prefix)) return address;
  }
  return std::nullopt;
}

}  // namespace faultline
