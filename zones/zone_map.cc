#include "zones/zone_map.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>
#include <utility>

#include "base/nearest_name.h"

namespace faultline {

namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

std::string quoted(std::string_view name) {
  return "`" + std::string(name) + "`";
}

}  // namespace

Result<void> check_zone_name(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const bool is_name = !name.empty() && name.size() <= kLongest &&
                       std::all_of(name.begin(), name.end(), is_name_character) &&
                       std::isalnum(static_cast<unsigned char>(name.front())) != 0;
  if (!is_name) {
    return fail(ErrorKind::kInvalid,
                "a zone is named with 1 to 63 letters, digits, `.`, `_` and "
                "`-`, the first a letter or digit, not " +
                    quoted(name));
  }
  if (name != kNoZoneName) return {};
  return fail(ErrorKind::kInvalid, "a zone cannot be named `none`: that is what is in no zone");
}

std::string no_such_zone(std::string_view name, const ZoneMap& map) {
  const std::string text = "there is no zone " + quoted(name);
  if (map.is_empty()) return text + ": there are no zones";
  const std::vector<std::string> names = map.names();
  const std::string hint = did_you_mean(std::string(name), names);
  if (!hint.empty()) return text + hint;
  constexpr std::size_t kMostListed = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMostListed); ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  return text + "; there are " + list + (names.size() > kMostListed ? ", ..." : "");
}

Result<ZoneMap> ZoneMap::build(std::vector<ZoneSpec> zones) {
  ZoneMap map;
  if (zones.size() > kMostZones) {
    return fail(ErrorKind::kInvalid, std::to_string(zones.size()) + " zones are too many: " +
                                         std::to_string(kMostZones) + " are the most");
  }
  std::sort(zones.begin(), zones.end(),
            [](const ZoneSpec& a, const ZoneSpec& b) { return a.name < b.name; });
  map.zones_ = std::move(zones);
  for (std::size_t i = 0; i < map.zones_.size(); ++i) {
    const ZoneSpec& zone = map.zones_[i];
    if (auto checked = check_zone_name(zone.name); !checked) return Fail(checked.error());
    if (i > 0 && map.zones_[i - 1].name == zone.name) {
      return fail(ErrorKind::kInvalid, "two zones are named " + quoted(zone.name));
    }
    for (const IpPrefix& cidr : zone.cidrs) {
      auto added = map.add(static_cast<ZoneId>(i + 1), cidr);
      if (!added) return Fail(added.error());
    }
  }
  if (map.cidrs_.size() > kMostPrefixes) {
    return fail(ErrorKind::kInvalid, "the zones have " + std::to_string(map.cidrs_.size()) +
                                         " prefixes together: " + std::to_string(kMostPrefixes) +
                                         " are the most");
  }
  std::array<std::set<unsigned, std::greater<>>, 2> lengths;
  for (const auto& [cidr, zone] : map.cidrs_) {
    lengths.at(static_cast<std::size_t>(cidr.family())).insert(cidr.bits());
  }
  for (std::size_t family = 0; family < lengths.size(); ++family) {
    map.lengths_[family].assign(lengths[family].begin(), lengths[family].end());
  }
  if (auto checked = map.check_overlaps(); !checked) return Fail(checked.error());
  return map;
}

Result<void> ZoneMap::add(ZoneId zone, const IpPrefix& cidr) {
  const auto [place, is_new] = cidrs_.emplace(cidr, zone);
  if (is_new || place->second == zone) return {};
  return fail(ErrorKind::kInvalid, "zones " + quoted(name(place->second)) + " and " +
                                       quoted(name(zone)) + " both have " + cidr.text());
}

Result<void> ZoneMap::check_overlaps() const {
  for (const auto& [cidr, zone] : cidrs_) {
    for (const unsigned length : lengths_[static_cast<std::size_t>(cidr.family())]) {
      if (length >= cidr.bits() || length == 0) continue;
      const auto outer = cidrs_.find(cidr.shortened(length));
      if (outer == cidrs_.end() || outer->second == zone) continue;
      return fail(ErrorKind::kInvalid, "zones " + quoted(name(outer->second)) + " and " +
                                           quoted(name(zone)) + " overlap: " + outer->first.text() +
                                           " holds " + cidr.text());
    }
  }
  return {};
}

std::string_view ZoneMap::name_of(ZoneId zone) const {
  if (zone == kNoZone) return kNoZoneName;
  return zone < ids() ? std::string_view(name(zone)) : std::string_view("?");
}

ZoneId ZoneMap::id_of(std::string_view name) const {
  if (name == kNoZoneName) return kNoZone;
  const auto found = std::find_if(zones_.begin(), zones_.end(),
                                  [&](const ZoneSpec& zone) { return zone.name == name; });
  if (found == zones_.end()) return kUnknownZone;
  return static_cast<ZoneId>(found - zones_.begin() + 1);
}

std::vector<std::string> ZoneMap::names() const {
  std::vector<std::string> names;
  for (const ZoneSpec& zone : zones_) names.push_back(zone.name);
  return names;
}

ZoneMap::Place ZoneMap::place_of(const sockaddr& address) const {
  const std::optional<IpPrefix> ip = IpPrefix::of(address);
  if (!ip) return {};
  for (const unsigned length : lengths_[static_cast<std::size_t>(ip->family())]) {
    const auto found = cidrs_.find(ip->shortened(length));
    if (found != cidrs_.end()) return {found->second, found->first};
  }
  return {};
}

ZoneMap::Addresses ZoneMap::addresses_of(ZoneId zone) const {
  Addresses addresses;
  bool has_all = zone == kNoZone;
  for (const auto& [cidr, owner] : cidrs_) {
    if (owner != zone) continue;
    addresses.in.push_back(cidr);
    has_all |= cidr.bits() == 0;
  }
  if (!has_all) return addresses;
  for (const auto& [cidr, owner] : cidrs_) {
    if (owner != zone) addresses.out.push_back(cidr);
  }
  return addresses;
}

}  // namespace faultline
