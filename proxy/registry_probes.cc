// Registry: proof of what partitions do, by whoever dials while they are there, and by what comes
// back when they have ended.

#include <algorithm>
#include <utility>

#include "proxy/alarm_clock.h"
#include "proxy/connections.h"
#include "proxy/probe_plan.h"
#include "proxy/proxy.h"
#include "proxy/registry.h"

namespace faultline {

namespace {

std::string address_of(const ProbePlan& plan, const ClientProbe& probe) {
  // "PROXY TCP4 10.1.0.1 ...": it speaks for another.
  constexpr std::size_t kAddressWord = 11;
  if (plan.header.empty()) return probe.from().text();
  return plan.header.substr(kAddressWord, plan.header.find(' ', kAddressWord) - kAddressWord);
}

}  // namespace

/// Dials through the first proxy that a probe of the pair can dial.
void Registry::start_probe(const LivePartition& partition, std::size_t index, PairProbe& result) {
  const ZoneMap& map = partitions_.zones();
  const ZonePair pair{map.id_of(result.client), map.id_of(result.destination)};
  result.outcome = ProbeOutcome::kNotProbed;
  if (probes_.size() >= kMostProbes) {
    result.why = "no more than " + std::to_string(kMostProbes) + " are probed at once";
    return;
  }
  result.why = "no proxy is between them";
  for (const auto& [name, proxy] : proxies_) {
    if (!may_connect(proxy->zones(), pair)) continue;
    const bool says_where =
        proxy->zones().destination != kUnknownZone && proxy->spec().protocols.has_upstream();
    const auto plan = probe_plan(
        proxy->spec(), proxy->zones(), pair,
        says_where ? std::map<ZoneId, std::string>() : connections().destinations(name, map));
    const TimePoint now = clock_now();
    auto probe = plan ? ClientProbe::dial(*plan, proxy->probes(), now)
                      : Result<std::unique_ptr<ClientProbe>>(Fail(plan.error()));
    if (!probe) {
      result.why = "proxy `" + name + "`: " + probe.error().message;
      continue;
    }
    result.proxy = name;
    result.from = address_of(*plan, **probe);
    result.outcome = ProbeOutcome::kPending;
    result.why.clear();
    probes_.push_back({.partition = partition.spec.name,
                       .pair = index,
                       .proxy = name,
                       .probe = *std::move(probe),
                       .began = now,
                       .cause = journal_.cause()});
    return;
  }
}

Result<LivePartition> Registry::probe_partition(std::string_view name) {
  LivePartition* partition = partitions_.find(name);
  if (partition == nullptr) return fail(ErrorKind::kNotFound, "partition not found");
  if (partition->is_being_probed()) {
    return fail(ErrorKind::kConflict, "its probes are under way");
  }
  partition->probes.clear();
  for (const auto& [zones, counts] : partition->counts) {
    partition->probes.push_back({.client = zones.first, .destination = zones.second});
  }
  for (std::size_t i = 0; i < partition->probes.size(); ++i) {
    start_probe(*partition, i, partition->probes[i]);
  }
  if (!partition->is_being_probed()) tell_probes(*partition);
  return *partition;
}

/// The probe is over, with what has come of it: it leaves nothing behind.
void Registry::end_probe(RunningProbe& running) {
  running.probe->hang_up();
  const auto found = proxies_.find(running.proxy);
  if (found == proxies_.end()) return;
  Proxy& proxy = *found->second;
  proxy.probes().forget(running.probe->from());
  const std::uint64_t connection = running.probe->connection();
  if (connection == 0) return;
  // What it was told to end with may have been kept from its connection.
  (void)connections().end({proxy.id(), connection - 1}, Farewell::kReset);
}

/// Those of a partition that ends, or is another now. `why` is for people.
void Registry::drop_probes(LivePartition& partition, const std::string& why) {
  for (RunningProbe& running : probes_) {
    if (running.partition != partition.spec.name) continue;
    end_probe(running);
    PairProbe& result = partition.probes.at(running.pair);
    result.outcome = ProbeOutcome::kNotProbed;
    result.why = why;
  }
  std::erase_if(probes_, [&](const RunningProbe& running) {
    return running.partition == partition.spec.name;
  });
}

void Registry::look_at_probes(TimePoint now) {
  std::vector<std::pair<std::string, Cause>> finished;
  for (RunningProbe& running : probes_) {
    const ProbeOutcome outcome = running.probe->look(now);
    const auto proxy = proxies_.find(running.proxy);
    if (proxy != proxies_.end()) {
      const std::uint64_t lost = running.probe->lost_packets();
      const std::uint64_t more = lost - std::min(lost, running.lost_packets);
      proxy->second->note_lost_probes(more);
      running.lost_packets += more;
    }
    if (outcome == ProbeOutcome::kPending) continue;
    end_probe(running);
    LivePartition& partition = *partitions_.find(running.partition);
    PairProbe& result = partition.probes.at(running.pair);
    result.outcome = outcome;
    result.after = running.probe->took();
    running.probe.reset();
    if (!partition.is_being_probed()) finished.emplace_back(running.partition, running.cause);
  }
  std::erase_if(probes_, [](const RunningProbe& running) { return running.probe == nullptr; });
  for (const auto& [name, cause] : finished) {
    const Because because(*this, cause);
    tell_probes(*partitions_.find(name));
  }
}

void Registry::tell_probes(const LivePartition& partition) {
  Change change;
  change.kind = Change::Kind::kPartitionProbed;
  change.fault = partition.id;
  change.partition_after = partition;
  change.partition_after->dropped_packets = dropped_packets(partition);
  change.zone_map = partitions_.map();
  journal_.tell(std::move(change));
}

// ---- What comes back ----

/// `partition` is about to end.
void Registry::watch_recovery(const LivePartition& partition, TimePoint now) {
  if (partition.spec.fault.reach.shadow || partitions_.map() == nullptr) return;
  const auto place = recoveries_.find(partition.spec.name);
  if (place != recoveries_.end()) recoveries_.erase(place);
  if (recoveries_.size() == Partitions::kMost) {
    recoveries_.erase(std::min_element(
        recoveries_.begin(), recoveries_.end(),
        [](const auto& a, const auto& b) { return a.second.healed() < b.second.healed(); }));
  }
  recoveries_.emplace(partition.spec.name, Recovery(partition, partitions_, journal_.cause(), now));
}

/// A partition of that name is there again.
void Registry::end_recovery(std::string_view name) {
  const auto found = recoveries_.find(name);
  if (found == recoveries_.end() || found->second.is_over()) return;
  found->second.look(partitions_, clock_now());
  found->second.end();
  tell_recovery(found->second);
}

void Registry::tell_recovery(const Recovery& recovery) {
  Change change;
  change.kind = Change::Kind::kPartitionRecovery;
  change.fault = recovery.fault();
  change.recovery = std::make_shared<const Recovery>(recovery);
  const Because because(*this, recovery.cause());
  journal_.tell(std::move(change));
}

const Recovery* Registry::recovery(std::string_view partition) const {
  const auto found = recoveries_.find(partition);
  return found == recoveries_.end() ? nullptr : &found->second;
}

// ---- When to look ----

TimePoint Registry::next_look() const {
  TimePoint next = kNever;
  const TimePoint now = clock_now();
  for (const RunningProbe& running : probes_) {
    next = std::min(next, faultline::next_look(running.began, now));
  }
  for (const auto& [name, recovery] : recoveries_) next = std::min(next, recovery.next());
  return next;
}

void Registry::look(TimePoint now) {
  look_at_probes(now);
  for (auto& [name, recovery] : recoveries_) {
    if (recovery.is_over() || recovery.next() > now) continue;
    recovery.look(partitions_, now);
    if (recovery.is_over()) tell_recovery(recovery);
  }
}

}  // namespace faultline
