#include "proxy/registry_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "proxy/proxy.h"

namespace faultline {

namespace {

const ProxySpec* find_in(const std::vector<ProxySpec>& specs, const std::string& name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const ProxySpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

bool differs_in_toxics_only(const ProxySpec& before, ProxySpec now) {
  now.toxics = before.toxics;
  return now == before;
}

}  // namespace

void Registry::Plan::put(ProxySpec spec) {
  remove(spec.name);
  Arrival& arrival = arrivals_[spec.name];
  arrival.spec = std::move(spec);
}

void Registry::Plan::remove(const std::string& name) {
  const auto found = registry_.proxies_.find(name);
  if (found != registry_.proxies_.end()) leaving_[name] = found->second.get();
}

/// Whether the zones that proxies name will be there.
Result<void> Registry::Plan::check_zones_of_all() const {
  for (const auto& [name, arrival] : arrivals_) {
    const auto checked = check_zones(arrival.spec, zones());
    if (!checked) return within("proxy `" + name + "`", checked.error());
  }
  for (const auto& [name, proxy] : registry_.proxies_) {
    if (leaving_.count(name) > 0) continue;
    const auto checked = check_zones(proxy->spec(), zones());
    if (!checked) return within("proxy `" + name + "`", checked.error());
  }
  return {};
}

Result<void> Registry::Plan::find_sockets() {
  std::set<std::string> given_up;
  for (const auto& [name, proxy] : leaving_) {
    if (proxy->spec().enabled) given_up.insert(proxy->spec().listen);
  }
  for (auto& [name, arrival] : arrivals_) {
    const auto may = registry_.may_have(arrival.spec.toxics);
    if (!may) return within("proxy `" + name + "`", may.error());
    const auto served = Proxy::can_serve(arrival.spec, registry_.workers_);
    if (!served) return within("proxy `" + name + "`", served.error());
    if (!arrival.spec.enabled) continue;
    const Result<std::string> address = normal_address(arrival.spec.listen, names_);
    if (address && given_up.erase(*address) == 1) {
      arrival.inherits = *address;
      continue;
    }
    Result<ListeningSocket> bound = ListeningSocket::bind(arrival.spec.listen, names_);
    if (!bound) return Fail(bound.error());
    arrival.socket = *std::move(bound);
  }
  return {};
}

Result<void> Registry::Plan::carry_out() {
  if (const auto may = check_zones_of_all(); !may) return may;
  const Result<void> ready = find_sockets();
  if (!ready) return ready;

  std::map<std::string, ListeningSocket> inheritance;
  for (const auto& [name, proxy] : leaving_) {
    const std::string address = proxy->spec().listen;
    ListeningSocket socket = proxy->stop();
    if (socket.is_open()) inheritance[address] = std::move(socket);
    registry_.proxies_.erase(name);
  }
  for (const std::string& name : healing_) registry_.remove_partition(name);
  if (zones_) registry_.take_zones(*std::move(zones_));
  for (auto& [name, arrival] : arrivals_) {
    std::unique_ptr<Proxy> proxy = registry_.make_proxy(arrival.spec);
    ListeningSocket socket =
        std::move(arrival.inherits.empty() ? arrival.socket : inheritance[arrival.inherits]);
    if (socket.is_open()) proxy->start(std::move(socket));
    proxy->tell();
    registry_.proxies_[name] = std::move(proxy);
  }
  return {};
}

Result<std::vector<std::string>> Registry::populate(std::vector<ProxySpec> specs,
                                                    const Names& names) {
  Plan plan(*this, names);
  std::vector<std::string> populated;
  for (ProxySpec& spec : specs) {
    populated.push_back(spec.name);
    const auto existing = proxies_.find(spec.name);
    if (existing != proxies_.end() && existing->second->spec().route() == spec.route()) {
      const Result<bool> elsewhere = existing->second->is_elsewhere(spec.listen, names);
      if (!elsewhere) return Fail(elsewhere.error());
      if (!*elsewhere) continue;
    }
    plan.put(std::move(spec));
  }
  const Result<void> done = plan.carry_out();
  if (!done) return Fail(done.error());
  return populated;
}

/// The zones there are, but for those of `before`, and those of `now`.
Result<ZoneMap> Registry::zones_after(const Configured& before, const Configured& now) const {
  std::vector<ZoneSpec> zones;
  const auto& live = partitions_.zones().zones();
  for (const ZoneSpec& zone : now.zones) {
    const bool is_same =
        std::find(before.zones.begin(), before.zones.end(), zone) != before.zones.end();
    const auto present = std::find_if(
        live.begin(), live.end(), [&](const ZoneSpec& other) { return other.name == zone.name; });
    // What the file says as before has been changed by the API, or not.
    if (is_same && present != live.end()) zones.push_back(*present);
    if (!is_same) zones.push_back(zone);
  }
  const auto is_in = [](const std::vector<ZoneSpec>& list, const std::string& name) {
    return std::any_of(list.begin(), list.end(),
                       [&](const ZoneSpec& zone) { return zone.name == name; });
  };
  for (const ZoneSpec& zone : live) {
    if (!is_in(before.zones, zone.name) && !is_in(now.zones, zone.name)) zones.push_back(zone);
  }
  return ZoneMap::build(std::move(zones));
}

/// What is to become of partitions, checked against `zones`.
Result<Registry::PartitionSteps> Registry::partition_steps(const Configured& before,
                                                           const Configured& now,
                                                           const ZoneMap& zones) const {
  PartitionSteps steps;
  const auto find = [](const std::vector<PartitionSpec>& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(),
                        [&](const PartitionSpec& partition) { return partition.name == name; });
  };
  for (const PartitionSpec& old : before.partitions) {
    const bool stays = find(now.partitions, old.name) != now.partitions.end();
    if (!stays && partitions_.all().count(old.name) > 0) steps.removed.push_back(old.name);
  }
  for (const PartitionSpec& partition : now.partitions) {
    const auto old = find(before.partitions, partition.name);
    const bool is_known = old != before.partitions.end() && *old == partition;
    if (is_known) continue;  // Also where it has ended since: that is no change of the file's.
    if (const auto may = may_have({partition.fault}); !may) return Fail(may.error());
    const auto links = links_of(partition.shape, zones);
    if (!links) return within("partition `" + partition.name + "`", links.error());
    steps.put.push_back(partition);
  }
  for (const auto& [name, live] : partitions_.all()) {
    const bool goes = std::count(steps.removed.begin(), steps.removed.end(), name) > 0 ||
                      find(steps.put, name) != steps.put.end();
    if (goes) continue;
    const auto links = links_of(live.spec.shape, zones);
    if (!links) return within("partition `" + name + "`", links.error());
  }
  return steps;
}

Result<std::vector<std::string>> Registry::reload(const Configured& before, Configured now,
                                                  const Names& names) {
  Plan plan(*this, names);
  std::vector<std::string> changes;
  std::vector<std::pair<Proxy*, std::vector<ToxicSpec>>> new_toxics;
  auto zones = zones_after(before, now);
  if (!zones) return Fail(zones.error());
  const auto steps = partition_steps(before, now, *zones);
  if (!steps) return Fail(steps.error());
  if (!(*zones == partitions_.zones())) {
    changes.emplace_back("changed the zones");
    plan.set_zones(*std::move(zones));
  }
  for (const ProxySpec& old : before.proxies) {
    if (find_in(now.proxies, old.name) != nullptr || proxies_.count(old.name) == 0) continue;
    plan.remove(old.name);
    changes.push_back("removed " + old.name);
  }
  for (ProxySpec& spec : now.proxies) {
    const ProxySpec* old = find_in(before.proxies, spec.name);
    const auto existing = proxies_.find(spec.name);
    const bool exists = existing != proxies_.end();
    if (exists && old != nullptr && *old == spec) continue;
    if (exists && old != nullptr && differs_in_toxics_only(*old, spec)) {
      changes.push_back("changed the toxics of " + spec.name);
      new_toxics.emplace_back(existing->second.get(), std::move(spec.toxics));
      continue;
    }
    changes.push_back((exists ? "replaced " : "created ") + spec.name);
    plan.put(std::move(spec));
  }
  for (const auto& [proxy, toxics] : new_toxics) {
    const auto may = may_have(toxics);
    if (!may) return within("proxy `" + proxy->spec().name + "`", may.error());
    ProxySpec spec = proxy->spec();
    spec.toxics = toxics;
    const auto zoned = check_zones(spec, plan.zones());
    if (!zoned) return within("proxy `" + spec.name + "`", zoned.error());
    const auto served = Proxy::can_serve(spec, workers_);
    if (!served) return within("proxy `" + spec.name + "`", served.error());
  }
  for (const std::string& name : steps->removed) plan.remove_partition(name);
  const Result<void> done = plan.carry_out();
  if (!done) return Fail(done.error());
  for (auto& [proxy, toxics] : new_toxics) proxy->set_toxics(std::move(toxics));
  for (const std::string& name : steps->removed) changes.push_back("removed partition " + name);
  for (const PartitionSpec& partition : steps->put) {
    const auto put = put_partition(partition, Attempt::kApply);
    if (!put) return within("partition `" + partition.name + "`", put.error());
    changes.push_back((put->created ? "created partition " : "changed partition ") +
                      partition.name);
  }
  return changes;
}

}  // namespace faultline
