#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_prefix.h"
#include "base/result.h"

namespace faultline {

/// One zone as its user described it: a unit that is expected to fail together.
struct ZoneSpec {
  std::string name;             ///< 1 to 63 letters, digits and "._-", the first a letter or digit.
  std::vector<IpPrefix> cidrs;  ///< Of its addresses; may be empty, where proxies name it.

  bool operator==(const ZoneSpec&) const = default;
};

/// A zone's number in one ZoneMap.
using ZoneId = std::uint16_t;
/// What is in no zone.
inline constexpr ZoneId kNoZone = 0;
/// Nobody knows yet: the address is still to come. Equal to no zone, not even kNoZone.
inline constexpr ZoneId kUnknownZone = 0xffff;
/// What people call kNoZone; no zone can have that name.
inline constexpr std::string_view kNoZoneName = "none";

/// Between which zones something flows: who dials, and who is dialled.
struct ZonePair {
  ZoneId client = kUnknownZone;
  ZoneId destination = kUnknownZone;

  bool operator==(const ZonePair&) const = default;
};

/// Which zone an address is in. Immutable; any thread.
///
/// Zones do not overlap, so that an address is never in two: a prefix within one
/// of another zone is refused, as the slip that it mostly is. But for those of
/// length 0, "everything else": there the longest prefix wins.
class ZoneMap {
 public:
  static constexpr std::size_t kMostZones = 100;
  static constexpr std::size_t kMostPrefixes = 10'000;  ///< Of all zones together.

  /// No zones: everything is in none.
  ZoneMap() = default;

  /// Errors (kInvalid) name the zones: "zones `a` and `b` overlap: 10.0.0.0/8 holds
  /// 10.1.0.0/16".
  static Result<ZoneMap> build(std::vector<ZoneSpec> zones);

  bool is_empty() const { return zones_.empty(); }
  /// In order of name; a zone's id is its place here, from 1.
  const std::vector<ZoneSpec>& zones() const { return zones_; }
  /// How many ids there are, kNoZone counted in.
  std::size_t ids() const { return zones_.size() + 1; }
  /// "none" for kNoZone, "?" for kUnknownZone.
  std::string_view name_of(ZoneId zone) const;
  /// kUnknownZone if there is no such zone; "none" is kNoZone.
  ZoneId id_of(std::string_view name) const;
  std::vector<std::string> names() const;

  /// Where an address is, and by which of the zone's prefixes.
  struct Place {
    ZoneId zone = kNoZone;
    IpPrefix cidr{};  ///< Of the zone; the longest. Says nothing for kNoZone.
  };
  Place place_of(const sockaddr& address) const;
  /// kNoZone also for what is no IP address.
  ZoneId zone_of(const sockaddr& address) const { return place_of(address).zone; }

  /// The addresses of a zone: those in one of `in` and in none of `out`. An empty `in` is
  /// every address, as for kNoZone.
  struct Addresses {
    std::vector<IpPrefix> in{};
    std::vector<IpPrefix> out{};

    bool operator==(const Addresses&) const = default;
  };
  Addresses addresses_of(ZoneId zone) const;

  bool operator==(const ZoneMap& other) const { return zones_ == other.zones_; }

 private:
  Result<void> add(ZoneId zone, const IpPrefix& cidr);
  Result<void> check_overlaps() const;
  const std::string& name(ZoneId zone) const { return zones_[zone - 1U].name; }

  std::vector<ZoneSpec> zones_;
  std::map<IpPrefix, ZoneId> cidrs_;  // Of all zones.
  // How long they are, by IpPrefix::Family, the longest first.
  std::array<std::vector<unsigned>, 2> lengths_;
};

/// "there is no zone `eats`; did you mean `east`?", or which zones there are.
std::string no_such_zone(std::string_view name, const ZoneMap& map);

/// Whether a zone may be called so; the error (kInvalid) says what a name is.
Result<void> check_zone_name(std::string_view name);

}  // namespace faultline
