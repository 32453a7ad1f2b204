#include "control-api/partition_words.h"

#include <vector>

#include "base/quantities.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Shape = PartitionShape;
using ZoneNames = std::vector<std::string>;

/// "zone a", "zones a, b and c", "everything else", "what is in no zone".
std::string zones_in_words(const ZoneNames& names) {
  if (names == ZoneNames{std::string(kEverythingElse)}) return "everything else";
  if (names == ZoneNames{std::string(kNoZoneName)}) return "what is in no zone";
  std::string text = names.size() == 1 ? "zone " : "zones ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i] == kNoZoneName ? "none (what is in no zone)" : names[i];
  }
  return text;
}

/// Who is kept from whom.
struct Sides {
  ZoneNames left;
  ZoneNames right;
  bool is_one_way = false;  ///< What goes from left to right; else both ways.
  std::string beside{};     ///< What else is to be known of the shape; "" mostly.
};

Sides sides_of(const Shape& shape) {
  const ZoneNames everything_else = {std::string(kEverythingElse)};
  const ZoneNames& zones = shape.zones;
  const auto half = static_cast<std::ptrdiff_t>(zones.size() / 2);
  switch (shape.kind) {
    case Shape::Kind::kFromTo:
      if (shape.direction == Shape::Direction::kToFrom) return {shape.to, shape.from, true};
      return {shape.from, shape.to, shape.direction == Shape::Direction::kFromTo};
    case Shape::Kind::kIsolate:
    case Shape::Kind::kRing:
      return {zones, everything_else};
    case Shape::Kind::kHalves:
      return {ZoneNames(zones.begin(), zones.begin() + half),
              ZoneNames(zones.begin() + half, zones.end())};
    case Shape::Kind::kBridge:
      return {ZoneNames(zones.begin(), zones.begin() + half),
              ZoneNames(zones.begin() + half + 1, zones.end()), false,
              zones_in_words({zones[static_cast<std::size_t>(half)]}) + " sees both"};
    case Shape::Kind::kOneWay:
      if (zones.size() == 1) return {zones, everything_else, true};
      return {{zones.front()}, ZoneNames(zones.begin() + 1, zones.end()), true};
  }
  return {};
}

/// "the way from zone a to zone b", "the way between zone a and zone b".
std::string way_in_words(const Sides& sides) {
  const std::string left = zones_in_words(sides.left);
  const std::string right = zones_in_words(sides.right);
  return sides.is_one_way ? "the way from " + left + " to " + right
                          : "the way between " + left + " and " + right;
}

bool is_ring(const PartitionSpec& partition) {
  return partition.shape.kind == Shape::Kind::kRing;
}

/// What is slow or lossy: "the way between ...".
std::string object_of(const PartitionSpec& partition) {
  if (is_ring(partition)) {
    return zones_in_words(partition.shape.zones) + " to a ring, where each hears only a majority";
  }
  const Sides sides = sides_of(partition.shape);
  std::string text = way_in_words(sides);
  if (cuts(partition.mode) && !sides.is_one_way) {
    text = zones_in_words(sides.left) + " from " + zones_in_words(sides.right);
  }
  return text + (sides.beside.empty() ? "" : " (" + sides.beside + ")");
}

std::string deed(const PartitionSpec& partition, const std::string& slow, const std::string& make) {
  const std::string object = object_of(partition);
  if (cuts(partition.mode)) return "cut " + object;
  return partition.mode == PartitionMode::kSlow ? slow + " " + object
                                                : make + " " + object + " lossy";
}

/// "latency 200ms, jitter 20ms": what is not at its default, the first always.
std::string attributes_in_words(const ToxicSpec& fault) {
  std::string text;
  for (std::size_t i = 0; i < fault.attributes.size(); ++i) {
    const AttributeType& type = fault.type->attributes[i];
    if (i > 0 && fault.attributes[i] == AttributeValue(type.default_value)) continue;
    const bool is_long = type.quantity == Quantity::kSamples;
    text += (text.empty() ? "" : ", ") + type.name + " " +
            (is_long ? "as given" : type.text_with_unit(fault.attributes[i]));
  }
  return text;
}

/// What it means to who is at either end.
std::string meaning_of(const PartitionSpec& partition) {
  switch (partition.mode) {
    case PartitionMode::kBlackhole:
      return "packets vanish, and nobody is told";
    case PartitionMode::kReset:
      return "connections are reset (RST), those that are open and those that come";
    case PartitionMode::kRefuse:
      return "open connections are reset, and who dials is refused";
    case PartitionMode::kClose:
      return "connections are closed (FIN), those that are open and those that come";
    case PartitionMode::kStall:
      return "connections stay open, and no byte moves";
    case PartitionMode::kSlow:
      return "bytes come late (" + attributes_in_words(partition.fault) + ")";
    case PartitionMode::kLossy:
      return "packets are lost (" + attributes_in_words(partition.fault) + ")";
  }
  return "";
}

}  // namespace

std::string deed_in_words(const PartitionSpec& partition) {
  return deed(partition, "slow", "make");
}

std::string done_in_words(const PartitionSpec& partition) {
  return deed(partition, "slowed", "made");
}

std::string state_in_words(const PartitionSpec& partition) {
  const Sides sides = sides_of(partition.shape);
  std::string text;
  if (is_ring(partition)) {
    text = zones_in_words(partition.shape.zones) + " are a ring: each hears only a majority, " +
           "and between the others";
    return text + " " + meaning_of(partition);
  }
  if (cuts(partition.mode) && !sides.is_one_way) {
    text = zones_in_words(sides.left) + (sides.left.size() == 1 ? " is" : " are") + " cut from " +
           zones_in_words(sides.right);
  } else {
    text = way_in_words(sides) + " is " +
           (cuts(partition.mode)                     ? "cut"
            : partition.mode == PartitionMode::kSlow ? "slow"
                                                     : "lossy");
  }
  if (!sides.beside.empty()) text += ", and " + sides.beside;
  if (sides.is_one_way && ends_connections(partition.mode)) {
    return text + " for those who dial that way: " + meaning_of(partition);
  }
  return text + ": " + meaning_of(partition);
}

std::string limits_in_words(const PartitionSpec& partition) {
  const ToxicSpec& fault = partition.fault;
  std::string text;
  if (fault.match.share) {
    text += ", for " + share_text(fault.match.share->share) + " of the connections";
  }
  if (fault.reach.affects == Scope::kNew) text += ", for connections made since";
  if (fault.reach.affects == Scope::kOpen) text += ", for connections that were open already";
  if (fault.timing.pulse) {
    text += ", by turns " + duration_text(fault.timing.pulse->on) + " on and " +
            duration_text(fault.timing.pulse->off) + " off";
  }
  const ToxicLimits& limits = fault.reach.limits;
  if (limits.max_connections) {
    text += ", for " + std::to_string(*limits.max_connections) + " connections at most";
  }
  if (fault.reach.shadow) text += ", a shadow: it counts, and does nothing";
  return text;
}

}  // namespace faultline
