#include "zones/shape.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

using Ids = std::vector<ZoneId>;

std::string in_quotes(std::string_view name) {
  return "`" + std::string(name) + "`";
}

Result<ZoneId> find_zone(const std::string& name, const ZoneMap& map) {
  const ZoneId zone = map.id_of(name);
  if (zone != kUnknownZone) return zone;
  return fail(ErrorKind::kInvalid, no_such_zone(name, map));
}

/// The zones of a list, without "*". Each once.
Result<Ids> ids_of(const std::vector<std::string>& names, const ZoneMap& map) {
  Ids ids;
  for (const std::string& name : names) {
    if (name == kEverythingElse) continue;
    const auto zone = find_zone(name, map);
    if (!zone) return Fail(zone.error());
    if (std::find(ids.begin(), ids.end(), *zone) != ids.end()) {
      return fail(ErrorKind::kInvalid, "zone " + in_quotes(name) + " is named twice");
    }
    ids.push_back(*zone);
  }
  return ids;
}

bool has_everything_else(const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), kEverythingElse) != names.end();
}

Ids all_but(const Ids& zones, const ZoneMap& map) {
  Ids others;
  for (ZoneId zone = 0; zone < map.ids(); ++zone) {
    if (std::find(zones.begin(), zones.end(), zone) == zones.end()) others.push_back(zone);
  }
  return others;
}

void cut_one_way(ZoneLinks& links, const Ids& from, const Ids& to) {
  for (const ZoneId one : from) {
    for (const ZoneId other : to) links.insert({one, other});
  }
}

void cut(ZoneLinks& links, const Ids& one, const Ids& other) {
  cut_one_way(links, one, other);
  cut_one_way(links, other, one);
}

Result<ZoneLinks> links_between(const PartitionShape& shape, const ZoneMap& map) {
  if (has_everything_else(shape.from)) {
    return fail(ErrorKind::kInvalid,
                "`*` is for `to` alone: it is everything that is not in "
                "`from`");
  }
  const auto from = ids_of(shape.from, map);
  if (!from) return Fail(from.error());
  auto to = ids_of(shape.to, map);
  if (!to) return Fail(to.error());
  if (has_everything_else(shape.to)) {
    if (!to->empty()) {
      return fail(ErrorKind::kInvalid, "`*` in `to` is everything else: no zone beside it");
    }
    *to = all_but(*from, map);
  }
  for (const ZoneId zone : *from) {
    if (std::find(to->begin(), to->end(), zone) == to->end()) continue;
    return fail(ErrorKind::kInvalid,
                "zone " + in_quotes(map.name_of(zone)) +
                    " is in `from` and in `to`: a zone is not cut from itself");
  }
  ZoneLinks links;
  using Direction = PartitionShape::Direction;
  if (shape.direction != Direction::kToFrom) cut_one_way(links, *from, *to);
  if (shape.direction != Direction::kFromTo) cut_one_way(links, *to, *from);
  return links;
}

Result<void> check_enough(const PartitionShape& shape, std::size_t least) {
  if (shape.zones.size() >= least) return {};
  return fail(ErrorKind::kInvalid, "shape " + std::string(to_string(shape.kind)) + " needs " +
                                       std::to_string(least) + " zones at least, not " +
                                       std::to_string(shape.zones.size()));
}

ZoneLinks ring(const Ids& zones) {
  ZoneLinks links;
  const std::size_t majority = zones.size() / 2 + 1;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    for (std::size_t step = majority; step < zones.size(); ++step) {
      links.insert({zones[(i + step) % zones.size()], zones[i]});
    }
  }
  return links;
}

Result<ZoneLinks> links_of_zones(const PartitionShape& shape, const ZoneMap& map) {
  if (has_everything_else(shape.zones)) {
    return fail(ErrorKind::kInvalid, "`*` is for `to` alone; `zones` names each");
  }
  const auto zones = ids_of(shape.zones, map);
  if (!zones) return Fail(zones.error());
  const std::ptrdiff_t half = static_cast<std::ptrdiff_t>(zones->size() / 2);
  const Ids left(zones->begin(), zones->begin() + half);
  ZoneLinks links;
  switch (shape.kind) {
    case PartitionShape::Kind::kFromTo:
      break;
    case PartitionShape::Kind::kIsolate:
      if (auto enough = check_enough(shape, 1); !enough) return Fail(enough.error());
      cut(links, *zones, all_but(*zones, map));
      break;
    case PartitionShape::Kind::kHalves:
      if (auto enough = check_enough(shape, 2); !enough) return Fail(enough.error());
      cut(links, left, Ids(zones->begin() + half, zones->end()));
      break;
    case PartitionShape::Kind::kBridge:
      if (auto enough = check_enough(shape, 3); !enough) return Fail(enough.error());
      cut(links, left, Ids(zones->begin() + half + 1, zones->end()));
      break;
    case PartitionShape::Kind::kOneWay:
      if (auto enough = check_enough(shape, 1); !enough) return Fail(enough.error());
      cut_one_way(links, {zones->front()},
                  zones->size() > 1 ? Ids(zones->begin() + 1, zones->end()) : all_but(*zones, map));
      break;
    case PartitionShape::Kind::kRing:
      if (auto enough = check_enough(shape, 3); !enough) return Fail(enough.error());
      links = ring(*zones);
      break;
  }
  return links;
}

}  // namespace

const std::vector<std::string>& shape_names() {
  static const std::vector<std::string> kNames = {"from-to", "isolate", "halves",
                                                  "bridge",  "one-way", "ring"};
  return kNames;
}

std::string_view to_string(PartitionShape::Kind kind) {
  return shape_names()[static_cast<std::size_t>(kind)];
}

const std::vector<std::string>& direction_names() {
  static const std::vector<std::string> kNames = {"both", "from_to", "to_from"};
  return kNames;
}

std::string_view to_string(PartitionShape::Direction direction) {
  return direction_names()[static_cast<std::size_t>(direction)];
}

Result<ZoneLinks> links_of(const PartitionShape& shape, const ZoneMap& map) {
  const bool is_from_to = shape.kind == PartitionShape::Kind::kFromTo;
  auto links = is_from_to ? links_between(shape, map) : links_of_zones(shape, map);
  if (!links || !links->empty()) return links;
  return fail(ErrorKind::kInvalid, "it cuts nothing: `from` and `to` name a zone each at least");
}

}  // namespace faultline
