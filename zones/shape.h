#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "zones/zone_map.h"

namespace faultline {

/// What a list of zones stands for beside zones: every other one, and what is in none.
inline constexpr std::string_view kEverythingElse = "*";

/// One direction between two zones: packets from `from` to `to`.
struct ZoneLink {
  ZoneId from = kNoZone;
  ZoneId to = kNoZone;

  auto operator<=>(const ZoneLink&) const = default;
};
/// A part of the directed matrix of zones. Never a zone with itself.
using ZoneLinks = std::set<ZoneLink>;

/// Which links a partition is about, as its user said it.
struct PartitionShape {
  enum class Kind {
    kFromTo,   ///< Between `from` and `to`, as `direction` says.
    kIsolate,  ///< The zones, together, from everything else.
    kHalves,   ///< The first half of the zones, the smaller if they are odd, from the other.
    kBridge,   ///< The same, but for the zone in the middle, which sees both.
    kOneWay,   ///< Packets from the first zone to the others vanish; theirs arrive.
    kRing,     ///< Each zone hears a majority, itself and those next to it; no two the same.
  };
  enum class Direction { kBoth, kFromTo, kToFrom };

  Kind kind = Kind::kFromTo;
  /// Of kFromTo; "*" in `to` is everything that is not in `from`. Names of zones, or "none".
  std::vector<std::string> from{};
  std::vector<std::string> to{};
  Direction direction = Direction::kBoth;
  std::vector<std::string>
      zones{};  ///< Of the others, in this order. One of kOneWay: "*" is added.

  bool operator==(const PartitionShape&) const = default;
};

/// "from-to", "isolate", "halves", "bridge", "one-way", "ring".
const std::vector<std::string>& shape_names();
std::string_view to_string(PartitionShape::Kind kind);
/// "both", "from_to", "to_from".
const std::vector<std::string>& direction_names();
std::string_view to_string(PartitionShape::Direction direction);

/// What `shape` is in `map`. Errors (kInvalid): a zone that there is not, with the nearest that
/// there is; one that is named twice; too few for the shape; no link at all.
Result<ZoneLinks> links_of(const PartitionShape& shape, const ZoneMap& map);

}  // namespace faultline
