#include "proxy/partitions.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

std::uint64_t value(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

PairStatus status_of(const std::pair<std::string, std::string>& zones, const PairCounts& counts) {
  PairStatus status{.client = zones.first, .destination = zones.second};
  for (const ToxicCounters& toxic : *counts.toxic) {
    status.matched += value(toxic.matched);
    status.applied += value(toxic.applied);
  }
  for (const CutCounters& cut : counts.cut) {
    status.open += value(cut.open);
    status.refused += value(cut.refused);
    status.crossed_connections += value(cut.crossed_connections);
    status.crossed_bytes += value(cut.crossed_bytes);
  }
  return status;
}

}  // namespace

bool LivePartition::is_being_probed() const {
  return std::any_of(probes.begin(), probes.end(), [](const ProbeResult& probe) {
    return probe.outcome == ProbeOutcome::kPending;
  });
}

std::vector<PairStatus> LivePartition::pairs() const {
  std::vector<PairStatus> pairs;
  for (const auto& [zones, pair] : counts) pairs.push_back(status_of(zones, *pair));
  return pairs;
}

const ZoneMap& Partitions::zones() const {
  static const ZoneMap kNone;
  return map_ == nullptr ? kNone : *map_;
}

Result<void> Partitions::check_zones(const ZoneMap& map) const {
  for (const auto& [name, partition] : all_) {
    const auto links = links_of(partition.spec.shape, map);
    if (!links) return within("partition `" + name + "`", links.error());
  }
  return {};
}

void Partitions::set_zones(std::shared_ptr<const ZoneMap> map) {
  map_ = map->is_empty() ? nullptr : std::move(map);
  traffic_ = map_ == nullptr ? nullptr : std::make_shared<ZoneTraffic>(map_->ids(), workers_);
  for (auto& [name, partition] : all_) {
    const auto links = links_of(partition.spec.shape, zones());
    // One that is about to be replaced may have none of these zones: ids mean others now.
    partition.links = links ? *links : ZoneLinks{};
  }
}

Result<void> Partitions::check_count(std::size_t count) {
  if (count <= kMost) return {};
  return fail(ErrorKind::kConflict, "there can be " + std::to_string(kMost) + " partitions, not " +
                                        std::to_string(count));
}

Result<ZoneLinks> Partitions::check(const PartitionSpec& spec) const {
  auto links = links_of(spec.shape, zones());
  if (!links) return links;
  const auto may = check_count(all_.size() + 1 - all_.count(spec.name));
  if (!may) return Fail(may.error());
  return links;
}

LivePartition* Partitions::find(std::string_view name) {
  const auto found = all_.find(name);
  return found == all_.end() ? nullptr : &found->second;
}

LivePartition& Partitions::put(PartitionSpec spec, ZoneLinks links, std::uint64_t id,
                               const ToxicBudget::OnSpent& on_spent) {
  const auto [place, is_new] = all_.try_emplace(spec.name);
  LivePartition& partition = place->second;
  const ToxicLimits& limits = spec.fault.reach.limits;
  if (is_new || partition.spec.fault.reach.limits != limits) {
    partition.budget =
        limits == ToxicLimits{} ? nullptr : std::make_shared<ToxicBudget>(limits, on_spent);
  }
  if (is_new) {
    partition.id = id;
    partition.since = std::chrono::system_clock::now();
    partition.began = clock_now();
  }
  partition.spec = std::move(spec);
  partition.links = std::move(links);
  return partition;
}

std::vector<ToxicSpec> Partitions::parts_for(const ProxyZones& zones) {
  std::vector<ToxicSpec> all;
  for (auto& [name, partition] : all_) {
    for (ToxicSpec& part : parts_of(partition.spec, partition.links, zones)) {
      const ZonePair& pair = part.part->pair;
      std::shared_ptr<PairCounts>& counts =
          partition.counts[{std::string(zones.map->name_of(pair.client)),
                            std::string(zones.map->name_of(pair.destination))}];
      if (counts == nullptr) counts = std::make_shared<PairCounts>(workers_);
      part.part->counts = counts;
      part.part->since = partition.began;
      part.part->turns_key = derive_key(derive_key(seed_, "partition"), name);
      part.part->budget = partition.budget;
      all.push_back(std::move(part));
    }
  }
  return all;
}

}  // namespace faultline
