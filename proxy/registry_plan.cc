#include "proxy/registry_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "proxy/proxy.h"

namespace faultline {

namespace {

template <class Spec>
const Spec* find_in(const std::vector<Spec>& specs, const std::string& name) {
  const auto found =
      std::find_if(specs.begin(), specs.end(), [&](const Spec& spec) { return spec.name == name; });
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

void Registry::Plan::set_toxics(const ProxySpec& proxy, std::vector<ToxicSpec> toxics) {
  ProxySpec& changed = changed_[proxy.name] = proxy;
  changed.toxics = std::move(toxics);
}

void Registry::Plan::put_partition(PartitionSpec partition) {
  partitions_[partition.name] = std::move(partition);
}

/// The zones and partitions that there will be.
Result<Registry::Division> Registry::Plan::division() const {
  Division after{.map = zones_ == nullptr ? registry_.partitions_.map() : zones_};
  for (const auto& [name, live] : registry_.partitions_.all()) {
    const bool goes = healing_.count(name) > 0 || partitions_.count(name) > 0;
    if (!goes) after.partitions.push_back(&live.spec);
  }
  for (const auto& [name, partition] : partitions_) {
    const auto may = registry_.may_have({partition.fault});
    if (!may) return within("partition `" + name + "`", may.error());
    after.partitions.push_back(&partition);
  }
  const ZoneMap none;
  for (const PartitionSpec* partition : after.partitions) {
    const auto links = links_of(partition->shape, after.map == nullptr ? none : *after.map);
    if (!links) return within("partition `" + partition->name + "`", links.error());
  }
  if (const auto may = Partitions::check_count(after.partitions.size()); !may)
    return Fail(may.error());
  return after;
}

/// Whether each proxy that there will be fits.
Result<void> Registry::Plan::check_proxies(const Division& division) const {
  std::vector<const ProxySpec*> proxies;
  for (const auto& [name, arrival] : arrivals_) proxies.push_back(&arrival.spec);
  for (const auto& [name, changed] : changed_) proxies.push_back(&changed);
  for (const ProxySpec* proxy : proxies) {
    const auto may = registry_.may_have(proxy->toxics).and_then([&] {
      return Proxy::can_serve(*proxy, registry_.workers_);
    });
    if (!may) return within("proxy `" + proxy->name + "`", may.error());
  }
  for (const auto& [name, proxy] : registry_.proxies_) {
    const bool stays = leaving_.count(name) == 0 && changed_.count(name) == 0;
    if (stays) proxies.push_back(&proxy->spec());
  }
  for (const ProxySpec* proxy : proxies) {
    const auto fitting = registry_.fits(*proxy, division);
    if (!fitting) return within("proxy `" + proxy->name + "`", fitting.error());
  }
  return {};
}

Result<void> Registry::Plan::check() const {
  const auto after = division();
  if (!after) return Fail(after.error());
  return check_proxies(*after);
}

Result<void> Registry::Plan::find_sockets() {
  std::set<std::string> given_up;
  for (const auto& [name, proxy] : leaving_) {
    if (proxy->spec().enabled) given_up.insert(proxy->spec().listen);
  }
  for (auto& [name, arrival] : arrivals_) {
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

/// Those that will be gone, while the zones are there that they may name.
void Registry::Plan::drop_toxics() {
  for (const auto& [name, changed] : changed_) {
    Proxy& proxy = *registry_.proxies_[name];
    std::vector<ToxicSpec> left;
    for (const ToxicSpec& toxic : proxy.spec().toxics) {
      const bool stays =
          std::any_of(changed.toxics.begin(), changed.toxics.end(),
                      [&](const ToxicSpec& other) { return is_same_toxic(toxic, other); });
      if (stays) left.push_back(toxic);
    }
    if (left.size() < proxy.spec().toxics.size()) proxy.set_toxics(std::move(left));
  }
}

Result<void> Registry::Plan::carry_out() {
  if (const auto may = check(); !may) return may;
  const Result<void> ready = find_sockets();
  if (!ready) return ready;

  for (const auto& [name, proxy] : leaving_) registry_.drop_probes_of(*proxy);
  registry_.keep_drops();
  std::map<std::string, ListeningSocket> inheritance;
  for (const auto& [name, proxy] : leaving_) {
    const std::string address = proxy->spec().listen;
    ListeningSocket socket = proxy->stop();
    if (socket.is_open()) inheritance[address] = std::move(socket);
    registry_.proxies_.erase(name);
  }
  for (const std::string& name : healing_) registry_.remove_partition(name);
  if (zones_ != nullptr) {
    drop_toxics();
    registry_.take_zones(zones_);
  }
  for (auto& [name, arrival] : arrivals_) {
    std::unique_ptr<Proxy> proxy = registry_.make_proxy(arrival.spec);
    ListeningSocket socket =
        std::move(arrival.inherits.empty() ? arrival.socket : inheritance[arrival.inherits]);
    if (socket.is_open()) proxy->start(std::move(socket));
    proxy->tell();
    registry_.proxies_[name] = std::move(proxy);
  }
  for (const auto& [name, changed] : changed_) registry_.proxies_[name]->set_toxics(changed.toxics);
  for (const auto& [name, partition] : partitions_) {
    const auto put = registry_.put_partition(partition, Attempt::kApply);
    if (!put) return Fail(put.error());  // It was checked: there is nothing left that could.
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

Result<std::vector<std::string>> Registry::reload(const Configured& before, Configured now,
                                                  const Names& names) {
  Plan plan(*this, names);
  std::vector<std::string> changes;
  auto zones = zones_after(before, now);
  if (!zones) return Fail(zones.error());
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
      plan.set_toxics(existing->second->spec(), std::move(spec.toxics));
      continue;
    }
    changes.push_back((exists ? "replaced " : "created ") + spec.name);
    plan.put(std::move(spec));
  }
  for (const PartitionSpec& old : before.partitions) {
    const bool is_there = partitions_.all().count(old.name) > 0;
    if (find_in(now.partitions, old.name) != nullptr || !is_there) continue;
    plan.remove_partition(old.name);
    changes.push_back("removed partition " + old.name);
  }
  for (PartitionSpec& partition : now.partitions) {
    const PartitionSpec* old = find_in(before.partitions, partition.name);
    // Also where it has ended since: that is no change of the file's.
    if (old != nullptr && *old == partition) continue;
    const bool exists = partitions_.all().count(partition.name) > 0;
    changes.push_back((exists ? "changed partition " : "created partition ") + partition.name);
    plan.put_partition(std::move(partition));
  }
  if (const auto done = plan.carry_out(); !done) return Fail(done.error());
  return changes;
}

}  // namespace faultline
