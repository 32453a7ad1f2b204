// Registry: zones, and what keeps them apart. Each proxy has what the partitions come to on it.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "proxy/alarm_clock.h"
#include "proxy/life.h"
#include "proxy/proxy.h"
#include "proxy/registry.h"
#include "proxy/worker.h"
#include "proxy/workers.h"

namespace faultline {

namespace {

bool acts_on_listener(const LiveToxic& part) {
  const auto& dialling = part.spec.part->dialling;
  if (!dialling || !part.applies_to_all_new()) return false;
  const bool is_for_all = dialling->in.empty() && dialling->out.empty();
  return !part.effects.from_dialling.is_empty() ||
         (is_for_all && part.effects.listening != Listening::kOpen);
}

/// The proxy's parts come one after the other.
void add_engine(std::vector<PartitionEngine>& engines, const std::string& proxy,
                const LiveToxic& part) {
  const bool at_listener = acts_on_listener(part);
  if (engines.empty() || engines.back().proxy != proxy) {
    engines.push_back({proxy, part.effects.engine, at_listener});
  } else {
    engines.back().at_listener = engines.back().at_listener && at_listener;
  }
}

std::string text_of(const ZoneLinks& links, const ZoneMap& zones) {
  std::string text;
  for (const auto& [from, to] : links) {
    text += text.empty() ? "" : " ";
    text += std::string(zones.name_of(from)) + ">" + std::string(zones.name_of(to));
  }
  return text;
}

void log_partition(std::string_view what, const LivePartition& partition, const ZoneMap& zones) {
  log(LogLevel::kInfo, "partition", what,
      {{"partition", partition.spec.name},
       {"mode", to_string(partition.spec.mode)},
       {"links", text_of(partition.links, zones)},
       {"connections", static_cast<std::int64_t>(partition.connections)}});
}

}  // namespace

ProxyZones Registry::zones_for(const ProxySpec& spec) const {
  return zones_of(spec, partitions_.map(), partitions_.traffic());
}

/// Puts what the partitions come to on every proxy. How many open connections each is on, or was.
std::map<std::string, std::uint64_t> Registry::refresh_parts() {
  std::map<std::string, std::uint64_t> reached;
  for (const auto& [name, proxy] : proxies_) {
    ProxyZones zones = zones_for(proxy->spec());
    std::vector<ToxicSpec> parts = partitions_.parts_for(zones);
    if (zones == proxy->zones() && parts.empty() && proxy->parts().empty()) continue;
    for (const auto& [partition, connections] :
         proxy->set_zones(std::move(zones), std::move(parts))) {
      reached[partition] += connections;
    }
  }
  return reached;
}

Registry::Division Registry::division() const {
  Division present{.map = partitions_.map()};
  for (const auto& [name, partition] : partitions_.all()) {
    present.partitions.push_back(&partition.spec);
  }
  return present;
}

/// Whether `proxy` can carry out what `partition` comes to on it, between the zones of `map`.
Result<void> Registry::can_serve(const ProxySpec& proxy, const PartitionSpec& partition,
                                 const std::shared_ptr<const ZoneMap>& map) const {
  ProxySpec with;
  with.listen = proxy.listen;
  with.upstream = proxy.upstream;
  with.toxics = {partition.fault};
  with.toxics.front().part.emplace();
  const auto served = Proxy::can_serve(with, workers_);
  if (served || map == nullptr) return {};
  const auto links = links_of(partition.shape, *map);
  const bool is_on_it = links && !parts_of(partition, *links, zones_of(proxy, map, {})).empty();
  return is_on_it ? served : Result<void>();
}

/// Whether `proxy` names zones that there are in `division`, and can carry its partitions out.
Result<void> Registry::fits(const ProxySpec& proxy, const Division& division) const {
  const ZoneMap none;
  const auto named = check_zones(proxy, division.map == nullptr ? none : *division.map);
  if (!named) return named;
  for (const PartitionSpec* partition : division.partitions) {
    if (const auto served = can_serve(proxy, *partition, division.map); !served) return served;
  }
  return {};
}

Result<std::shared_ptr<const ZoneMap>> Registry::set_zones(std::vector<ZoneSpec> zones,
                                                           Attempt attempt) {
  auto built = ZoneMap::build(std::move(zones));
  if (!built) return Fail(built.error());
  const auto map = std::make_shared<const ZoneMap>(*std::move(built));
  if (*map == partitions_.zones()) return map;
  if (const auto may = partitions_.check_zones(*map); !may) return Fail(may.error());
  Division wanted = division();
  wanted.map = map;
  for (const auto& [name, proxy] : proxies_) {
    const auto fitting = fits(proxy->spec(), wanted);
    if (!fitting) return within("proxy `" + name + "`", fitting.error());
  }
  if (attempt == Attempt::kApply) take_zones(map);
  return map;
}

/// REQUIRES: nothing names a zone that is not in `map`.
void Registry::take_zones(std::shared_ptr<const ZoneMap> map) {
  keep_drops();
  for (const auto& [name, partition] : partitions_.all()) {
    forget_probes(*partitions_.find(name), "the zones have been changed since");
  }
  partitions_.set_zones(std::move(map));
  refresh_parts();
  log(LogLevel::kInfo, "zones", "the zones have changed",
      {{"zones", static_cast<std::int64_t>(partitions_.zones().zones().size())}});
  Change change;
  change.kind = Change::Kind::kZonesChanged;
  change.zone_map = std::make_shared<const ZoneMap>(partitions_.zones());
  journal_.tell(std::move(change));
}

Result<Registry::PutPartition> Registry::put_partition(PartitionSpec spec, Attempt attempt) {
  if (const auto may = may_have({spec.fault}); !may) return Fail(may.error());
  auto links = partitions_.check(spec);
  if (!links) return Fail(links.error());
  for (const auto& [name, proxy] : proxies_) {
    const auto served = can_serve(proxy->spec(), spec, partitions_.map());
    if (served) continue;
    Error error = served.error();
    error.pointer = "/attributes/engine";  // Of all that a partition says the only one.
    return within("proxy `" + name + "`", std::move(error));
  }
  const LivePartition* old = partitions_.find(spec.name);
  const std::optional<LivePartition> before =
      old == nullptr ? std::nullopt : std::optional<LivePartition>(*old);
  if (attempt == Attempt::kTry) {
    LivePartition tried = before.value_or(LivePartition{});
    tried.spec = std::move(spec);
    tried.links = *std::move(links);
    tried.engines = engines_of_tried(tried);
    return PutPartition{std::move(tried), !before};
  }

  const TimePoint began = clock_now();
  start_life(spec.fault.life);
  if (before && before->spec == spec) return PutPartition{*before, false};
  const std::uint64_t id = before ? before->id : ++last_id_;
  const auto on_spent = [this, id](const std::string& reason) {
    workers_.post_to_all([](Worker& worker) { worker.refresh_toxics(); });
    ended_.add({"", id, reason});
  };
  if (LivePartition* changed = partitions_.find(spec.name); changed != nullptr) {
    forget_probes(*changed, "the partition has been changed since");
  }
  end_recovery(spec.name);
  LivePartition& partition = partitions_.put(std::move(spec), *std::move(links), id, on_spent);
  keep_drops();
  partition.connections = refresh_parts()[partition.spec.name];
  partition.took = clock_now() - began;
  partition.engines = engines_of(partition);
  log_partition(before ? "partition changed" : "partition created", partition, partitions_.zones());
  Change change;
  change.kind = before ? Change::Kind::kPartitionChanged : Change::Kind::kPartitionStarted;
  change.fault = partition.id;
  change.connections = partition.connections;
  change.took = partition.took;
  change.partition_before = before;
  change.partition_after = partition;
  change.zone_map = partitions_.map();
  journal_.tell(std::move(change));
  return PutPartition{partition, !before};
}

Result<LivePartition> Registry::remove_partition(std::string_view name) {
  LivePartition* found = partitions_.find(name);
  if (found == nullptr) return fail(ErrorKind::kNotFound, "partition not found");
  drop_probes([&](const RunningProbe& running) { return running.partition == name; },
              "the partition has ended first");
  LivePartition gone = *found;
  gone.engines = engines_of(gone);
  gone.dropped_packets = dropped_packets(gone);
  const TimePoint began = clock_now();
  watch_recovery(gone, began);
  partitions_.remove(name);
  gone.connections = refresh_parts()[gone.spec.name];
  gone.took = clock_now() - began;
  log_partition("partition removed", gone, partitions_.zones());
  Change change;
  change.kind = Change::Kind::kPartitionEnded;
  change.fault = gone.id;
  change.connections = gone.connections;
  change.took = gone.took;
  change.partition_before = gone;
  change.zone_map = partitions_.map();
  journal_.tell(std::move(change));
  return gone;
}

std::vector<LivePartition> Registry::end_partitions(
    const std::function<bool(const ToxicSpec&)>& is_over) {
  std::vector<std::string> names;
  for (const auto& [name, partition] : partitions_.all()) {
    if (is_over(partition.spec.fault)) names.push_back(name);
  }
  std::vector<LivePartition> ended;
  for (const std::string& name : names) ended.push_back(*remove_partition(name));
  return ended;
}

std::vector<PartitionEngine> Registry::engines_of(const LivePartition& partition) const {
  std::vector<PartitionEngine> engines;
  for (const auto& [name, proxy] : proxies_) {
    for (const LiveToxic* part : proxy->parts()) {
      if (part->spec.part->partition == partition.spec.name) add_engine(engines, name, *part);
    }
  }
  return engines;
}

/// The same of one that would be put on them.
std::vector<PartitionEngine> Registry::engines_of_tried(const LivePartition& partition) const {
  std::vector<PartitionEngine> engines;
  for (const auto& [name, proxy] : proxies_) {
    const auto parts = parts_of(partition.spec, partition.links, proxy->zones());
    if (parts.empty()) continue;
    for (const LiveToxic& part : proxy->try_parts(partition.spec.name, parts)) {
      add_engine(engines, name, part);
    }
  }
  return engines;
}

/// What a proxy's listening socket has dropped by now, without what it owes to probes under way.
DroppedPackets Registry::drops_of(const Proxy& proxy) const {
  DroppedPackets drops = proxy.dropped_packets();
  for (const RunningProbe& running : probes_) {
    if (running.proxy_id != proxy.id()) continue;
    const std::uint64_t packets = running.probe->unanswered_packets();
    const std::uint64_t of_probe = packets - std::min(packets, running.lost_packets);
    drops.count -= std::min(drops.count, of_probe);
  }
  return drops;
}

std::uint64_t Registry::dropped_packets(const LivePartition& partition) const {
  std::uint64_t dropped = partition.drops_kept;
  for (const auto& [name, proxy] : proxies_) {
    const std::vector<const LiveToxic*> parts = proxy->parts();
    const bool acts = std::any_of(parts.begin(), parts.end(), [&](const LiveToxic* part) {
      return part->spec.part->partition == partition.spec.name && acts_on_listener(*part);
    });
    if (!acts) continue;
    const DroppedPackets now = drops_of(*proxy);
    const auto before = partition.drops_before.find(now.socket);  // None: it was opened since.
    const bool is_new = before == partition.drops_before.end();
    dropped += now.count - (is_new ? 0 : std::min(now.count, before->second));
  }
  return dropped;
}

/// Listening sockets are about to go, or partitions to act on others: what was dropped until now
/// stays counted, and counting goes on from here.
void Registry::keep_drops() {
  std::map<std::uint64_t, std::uint64_t> drops;
  for (const auto& [name, proxy] : proxies_) {
    const DroppedPackets now = drops_of(*proxy);
    drops[now.socket] = now.count;
  }
  for (const auto& [name, unused] : partitions_.all()) {
    LivePartition& partition = *partitions_.find(name);
    partition.drops_kept = dropped_packets(partition);
    partition.drops_before = drops;
  }
}

}  // namespace faultline
