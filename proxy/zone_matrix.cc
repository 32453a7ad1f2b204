#include "proxy/zone_matrix.h"

#include <algorithm>

#include "proxy/partitions.h"

namespace faultline {

namespace {

/// What a partition is to a link that it is about.
ZoneCell::State state_of(const PartitionSpec& partition) {
  const ToxicSpec& fault = partition.fault;
  if (fault.reach.shadow) return ZoneCell::State::kOk;
  if (!cuts(partition.mode)) return ZoneCell::State::kSuffers;
  const bool spares_some = (fault.match.share && fault.match.share->share < 1) ||
                           fault.reach.affects != Scope::kBoth || fault.timing.pulse;
  return spares_some ? ZoneCell::State::kPartial : ZoneCell::State::kCut;
}

void add_partition(ZoneCell& cell, const LivePartition& partition, const ZoneLink& link) {
  if (partition.links.count(link) > 0) {
    cell.partitions.push_back(partition.spec.name);
    cell.state = std::max(cell.state, state_of(partition.spec));
  }
  const auto counted = partition.counts.find({cell.from, cell.to});
  if (counted == partition.counts.end() || !cuts(partition.spec.mode)) return;
  for (const CutCounters& cut : counted->second->cut) {
    cell.cut_connections += cut.open.load(std::memory_order_relaxed);
    cell.cut_connections += cut.refused.load(std::memory_order_relaxed);
    cell.crossed_bytes += cut.crossed_bytes.load(std::memory_order_relaxed);
    cell.crossed_connections += cut.crossed_connections.load(std::memory_order_relaxed);
  }
}

ZoneCell cell_of(const Partitions& partitions, const ZoneLink& link) {
  const ZoneMap& zones = partitions.zones();
  ZoneCell cell{.from = std::string(zones.name_of(link.from)),
                .to = std::string(zones.name_of(link.to))};
  const ZonePairTraffic there = partitions.traffic()->sum({link.from, link.to});
  const ZonePairTraffic back = partitions.traffic()->sum({link.to, link.from});
  cell.connections = there.connections;
  cell.open = there.open;
  cell.bytes = there.sent_bytes[static_cast<std::size_t>(Direction::kUpstream)] +
               back.sent_bytes[static_cast<std::size_t>(Direction::kDownstream)];
  for (const auto& [name, partition] : partitions.all()) add_partition(cell, partition, link);
  return cell;
}

}  // namespace

std::vector<ZoneCell> zone_matrix(const Partitions& partitions) {
  std::vector<ZoneCell> cells;
  if (partitions.map() == nullptr) return cells;
  std::vector<ZoneId> order;
  for (ZoneId zone = 1; zone < partitions.zones().ids(); ++zone) order.push_back(zone);
  order.push_back(kNoZone);
  for (const ZoneId from : order) {
    for (const ZoneId to : order) cells.push_back(cell_of(partitions, {from, to}));
  }
  return cells;
}

}  // namespace faultline
