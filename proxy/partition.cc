#include "proxy/partition.h"

#include <utility>

#include "proxy/proxy_zones.h"

namespace faultline {

namespace {

/// The `side` of blackhole and stall, by its place in the attribute's choices.
enum class Side { kBoth, kClient, kUpstream };

void set_side(ToxicSpec& toxic, bool upstream, bool downstream) {
  const Side side = !downstream ? Side::kClient : !upstream ? Side::kUpstream : Side::kBoth;
  const int index = toxic.type->attribute_index("side");
  toxic.attributes.at(static_cast<std::size_t>(index)) =
      AttributeValue(static_cast<std::int64_t>(side));
}

/// Whose dials are those of the pair's client zone, if the listening socket can tell.
std::optional<ZoneMap::Addresses> dialling(const ZonePair& pair, const ProxyZones& zones) {
  if (zones.destination == kUnknownZone) return std::nullopt;
  if (zones.client != kUnknownZone) return ZoneMap::Addresses{};
  if (zones.clients_say) return std::nullopt;
  ZoneMap::Addresses addresses = zones.map->addresses_of(pair.client);
  const bool is_nowhere = addresses.in.empty() && pair.client != kNoZone;
  return is_nowhere ? std::nullopt : std::optional(std::move(addresses));
}

ToxicSpec part(const PartitionSpec& partition, const ZonePair& pair, const ProxyZones& zones,
               bool upstream, bool downstream) {
  ToxicSpec toxic = partition.fault;
  toxic.name = partition.name + " " + std::string(zones.map->name_of(pair.client)) + ">" +
               std::string(zones.map->name_of(pair.destination));
  toxic.part = PartitionPart{.partition = partition.name,
                             .pair = pair,
                             .cuts_upstream = upstream && cuts(partition.mode),
                             .cuts_downstream = downstream && cuts(partition.mode),
                             .dialling = dialling(pair, zones)};
  return toxic;
}

void add_parts(std::vector<ToxicSpec>& parts, const PartitionSpec& partition,
               const ZoneLinks& links, const ZonePair& pair, const ProxyZones& zones) {
  const bool upstream = links.count({pair.client, pair.destination}) > 0;
  const bool downstream = links.count({pair.destination, pair.client}) > 0;
  if (ends_connections(partition.mode)) {
    if (upstream) parts.push_back(part(partition, pair, zones, true, true));
    return;
  }
  if (!upstream && !downstream) return;
  if (cuts(partition.mode)) {
    parts.push_back(part(partition, pair, zones, upstream, downstream));
    set_side(parts.back(), upstream, downstream);
    return;
  }
  for (const auto& [is_so, stream] :
       {std::pair(upstream, Direction::kUpstream), std::pair(downstream, Direction::kDownstream)}) {
    if (!is_so) continue;
    parts.push_back(part(partition, pair, zones, upstream, downstream));
    parts.back().direction = stream;
    parts.back().part->is_counted = !(upstream && stream == Direction::kDownstream);
  }
}

}  // namespace

const std::vector<std::string>& partition_mode_names() {
  static const std::vector<std::string> kNames = {"blackhole", "reset", "refuse", "close",
                                                  "stall",     "slow",  "lossy"};
  return kNames;
}

std::string_view to_string(PartitionMode mode) {
  return partition_mode_names()[static_cast<std::size_t>(mode)];
}

const ToxicType& toxic_type_of(PartitionMode mode) {
  switch (mode) {
    case PartitionMode::kSlow:
      return *find_toxic_type("latency");
    case PartitionMode::kLossy:
      return *find_toxic_type("packet_loss");
    default:
      return *find_toxic_type(std::string(to_string(mode)));
  }
}

bool cuts(PartitionMode mode) {
  return mode != PartitionMode::kSlow && mode != PartitionMode::kLossy;
}

bool ends_connections(PartitionMode mode) {
  return mode == PartitionMode::kReset || mode == PartitionMode::kRefuse ||
         mode == PartitionMode::kClose;
}

bool cuts_all_new(const PartitionSpec& partition) {
  const ToxicSpec& fault = partition.fault;
  const bool spares_some = fault.match.share && fault.match.share->share < 1;
  return cuts(partition.mode) && !spares_some && fault.reach.affects != Scope::kOpen &&
         !fault.timing.pulse && !fault.reach.shadow && fault.reach.limits == ToxicLimits{};
}

bool cuts_all(const PartitionSpec& partition) {
  return cuts_all_new(partition) && partition.fault.reach.affects == Scope::kBoth;
}

std::vector<ToxicSpec> parts_of(const PartitionSpec& partition, const ZoneLinks& links,
                                const ProxyZones& zones) {
  std::vector<ToxicSpec> parts;
  if (zones.map == nullptr) return parts;
  for (ZoneId client = 0; client < zones.map->ids(); ++client) {
    if (zones.client != kUnknownZone && zones.client != client) continue;
    for (ZoneId destination = 0; destination < zones.map->ids(); ++destination) {
      if (zones.destination != kUnknownZone && zones.destination != destination) continue;
      add_parts(parts, partition, links, {client, destination}, zones);
    }
  }
  return parts;
}

}  // namespace faultline
