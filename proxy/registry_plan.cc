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
  const Result<void> ready = find_sockets();
  if (!ready) return ready;

  std::map<std::string, ListeningSocket> inheritance;
  for (const auto& [name, proxy] : leaving_) {
    const std::string address = proxy->spec().listen;
    ListeningSocket socket = proxy->stop();
    if (socket.is_open()) inheritance[address] = std::move(socket);
    registry_.proxies_.erase(name);
  }
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

Result<std::vector<std::string>> Registry::reload(const std::vector<ProxySpec>& before,
                                                  std::vector<ProxySpec> now, const Names& names) {
  Plan plan(*this, names);
  std::vector<std::string> changes;
  std::vector<std::pair<Proxy*, std::vector<ToxicSpec>>> new_toxics;
  for (const ProxySpec& old : before) {
    if (find_in(now, old.name) != nullptr || proxies_.count(old.name) == 0) continue;
    plan.remove(old.name);
    changes.push_back("removed " + old.name);
  }
  for (ProxySpec& spec : now) {
    const ProxySpec* old = find_in(before, spec.name);
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
    const auto served = Proxy::can_serve(spec, workers_);
    if (!served) return within("proxy `" + spec.name + "`", served.error());
  }
  const Result<void> done = plan.carry_out();
  if (!done) return Fail(done.error());
  for (auto& [proxy, toxics] : new_toxics) proxy->set_toxics(std::move(toxics));
  return changes;
}

}  // namespace faultline
