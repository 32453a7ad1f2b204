// Registry: proof of what partitions do, by whoever dials while they are there, and by what comes
// back when they have ended.

#include <algorithm>
#include <map>
#include <utility>

#include "proxy/alarm_clock.h"
#include "proxy/connections.h"
#include "proxy/look_again.h"
#include "proxy/probe_plan.h"
#include "proxy/proxy.h"
#include "proxy/registry.h"

namespace faultline {

namespace {

/// After this time a SYN is not answered any more: it is between two sockets of one machine.
constexpr Duration kSurelyLost = std::chrono::milliseconds(20);

std::string address_of(const ProbePlan& plan, const ClientProbe& probe) {
  // "PROXY TCP4 10.1.0.1 ...": it speaks for another.
  constexpr std::size_t kAddressWord = 11;
  if (plan.header.empty()) return probe.from().text();
  return plan.header.substr(kAddressWord, plan.header.find(' ', kAddressWord) - kAddressWord);
}

}  // namespace

/// What is asked once for all probes of a partition.
struct Registry::ProbeRound {
  LocalAddresses machine{};
  /// Where each that asks_whom() leads, by zone.
  std::map<const Proxy*, std::map<ZoneId, std::string>> destinations{};
};

/// A client of `pair.client` dials `pair.destination` through `proxy`, and `result` says so.
Result<std::unique_ptr<ClientProbe>> Registry::dial_as(const ZonePair& pair, Proxy& proxy,
                                                       ProbeRound& round, ProbeResult& result) {
  const ProxySpec& spec = proxy.spec();
  const auto [place, is_new] = round.destinations.try_emplace(&proxy);
  if (is_new && asks_whom(spec, proxy.zones())) {
    place->second = connections().destinations(spec.name, partitions_.zones());
  }
  const auto plan = probe_plan(spec, proxy.zones(), pair, place->second, round.machine);
  if (!plan) return Fail(plan.error());
  auto probe = ClientProbe::dial(*plan, proxy.expected_probes(), clock_now());
  if (!probe) return probe;
  result.proxy = spec.name;
  result.from = address_of(*plan, **probe);
  result.outcome = ProbeOutcome::kPending;
  result.why.clear();
  return probe;
}

/// Dials through the first of `proxies` that a probe of the pair can dial.
void Registry::start_probe(const LivePartition& partition, std::size_t index,
                           const std::vector<Proxy*>& proxies, ProbeRound& round,
                           ProbeResult& result) {
  result.outcome = ProbeOutcome::kNotProbed;
  if (probes_.size() >= kMostProbes) {
    result.why = "no more than " + std::to_string(kMostProbes) + " are probed at once";
    return;
  }
  const ZoneMap& map = partitions_.zones();
  const ZonePair pair{map.id_of(result.client), map.id_of(result.destination)};
  for (Proxy* proxy : proxies) {
    auto probe = dial_as(pair, *proxy, round, result);
    if (!probe) {
      result.why = "proxy `" + proxy->spec().name + "`: " + probe.error().message;
      continue;
    }
    const TimePoint now = clock_now();
    probes_.push_back({.partition = partition.spec.name,
                       .pair = index,
                       .zones = pair,
                       .proxy = proxy->spec().name,
                       .proxy_id = proxy->id(),
                       .probe = *std::move(probe),
                       .began = now,
                       .next = now,
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
  // Who dials whom where it is at work now, by the zones' names; and through which proxies.
  std::map<std::pair<std::string, std::string>, std::vector<Proxy*>> dials;
  const ZoneMap& map = partitions_.zones();
  for (const auto& [proxy_name, proxy] : proxies_) {
    for (const LiveToxic* part : proxy->parts()) {
      if (part->spec.part->partition != name) continue;
      const ZonePair& pair = part->spec.part->pair;
      std::vector<Proxy*>& proxies = dials[{std::string(map.name_of(pair.client)),
                                            std::string(map.name_of(pair.destination))}];
      if (proxies.empty() || proxies.back() != proxy.get()) proxies.push_back(proxy.get());
    }
  }
  partition->probes.clear();
  ProbeRound round;
  for (const auto& [zones, proxies] : dials) {
    ProbeResult result{.client = zones.first, .destination = zones.second};
    start_probe(*partition, partition->probes.size(), proxies, round, result);
    partition->probes.push_back(std::move(result));
  }
  if (!partition->is_being_probed()) tell_probes(*partition);
  return *partition;
}

/// The one that it has dialled; null if that is gone, whatever has its name now.
Proxy* Registry::proxy_of(const RunningProbe& running) {
  const auto found = proxies_.find(running.proxy);
  const bool is_there = found != proxies_.end() && found->second->id() == running.proxy_id;
  return is_there ? found->second.get() : nullptr;
}

/// Its proxy's listening socket has dropped so many that it has sent.
void Registry::note_lost_packets(RunningProbe& running, std::uint64_t packets) {
  Proxy* const proxy = proxy_of(running);
  const std::uint64_t more = packets - std::min(packets, running.lost_packets);
  running.lost_packets += more;
  if (proxy != nullptr) proxy->note_probe_drops(more);
}

/// The probe is over, with what has come of it: it leaves nothing behind.
void Registry::end_probe(RunningProbe& running) {
  note_lost_packets(running, running.probe->unanswered_packets());
  const bool may_come = running.probe->may_be_accepted();
  running.probe->hang_up();
  Proxy* const proxy = proxy_of(running);
  if (proxy == nullptr) return;
  if (!may_come) proxy->expected_probes().forget(running.probe->from());
  const std::uint64_t connection = running.probe->connection();
  if (connection == 0) return;
  // What it was told to end with may have been kept from its connection.
  (void)connections().end({proxy->id(), connection - 1}, Farewell::kReset);
}

/// Those under way that say nothing any more. `why` is for people.
void Registry::drop_probes(const std::function<bool(const RunningProbe&)>& which,
                           const std::string& why) {
  for (RunningProbe& running : probes_) {
    if (!which(running)) continue;
    end_probe(running);
    ProbeResult& result = partitions_.find(running.partition)->probes.at(running.pair);
    result.outcome = ProbeOutcome::kNotProbed;
    result.why = why;
  }
  std::erase_if(probes_, which);
}

/// Of a proxy that goes, or is about to be another: what they would see is not the cut's doing.
void Registry::drop_probes_of(const Proxy& proxy) {
  std::map<std::string, Cause> ended;
  const auto is_its = [&](const RunningProbe& running) { return running.proxy_id == proxy.id(); };
  for (const RunningProbe& running : probes_) {
    if (is_its(running)) ended.try_emplace(running.partition, running.cause);
  }
  drop_probes(is_its, "proxy `" + proxy.spec().name + "` has been changed since");
  for (const auto& [name, cause] : ended) {
    const LivePartition& partition = *partitions_.find(name);
    const Because because(*this, cause);
    if (!partition.is_being_probed()) tell_probes(partition);
  }
}

/// What its probes have seen is of what it was. Of those that have been given up `why` stays, for
/// who waits for them.
void Registry::forget_probes(LivePartition& partition, const std::string& why) {
  drop_probes([&](const auto& running) { return running.partition == partition.spec.name; }, why);
  std::erase_if(partition.probes, [](const ProbeResult& probe) {
    return probe.outcome != ProbeOutcome::kNotProbed || probe.proxy.empty();
  });
}

void Registry::look_at_probes(TimePoint now) {
  std::vector<std::pair<std::string, Cause>> finished;
  for (RunningProbe& running : probes_) {
    if (running.next > now) continue;
    running.next = look_again(running.began, now);
    const ProbeOutcome outcome = running.probe->look(now);
    if (now - running.began >= kSurelyLost) {
      note_lost_packets(running, running.probe->unanswered_packets());
    }
    if (outcome == ProbeOutcome::kPending) continue;
    end_probe(running);
    LivePartition& partition = *partitions_.find(running.partition);
    ProbeResult& result = partition.probes.at(running.pair);
    result.outcome = outcome;
    result.after = running.probe->took();
    const ZoneId reached = running.probe->reached();
    if (outcome == ProbeOutcome::kAnswered && reached != kUnknownZone &&
        reached != running.zones.destination) {
      result.outcome = ProbeOutcome::kNotProbed;
      result.why = "proxy `" + running.proxy + "`: what it dials there led to zone " +
                   std::string(partitions_.zones().name_of(reached)) + " instead";
    }
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
  for (const RunningProbe& running : probes_) next = std::min(next, running.next);
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
