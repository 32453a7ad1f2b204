#include "proxy/registry.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "proxy/connections.h"
#include "proxy/proxy.h"
#include "proxy/reach_decoder.h"
#include "proxy/toxic_log.h"
#include "proxy/toxic_ramp.h"
#include "proxy/workers.h"

namespace faultline {

namespace {

std::vector<ToxicSpec>::iterator find_in(std::vector<ToxicSpec>& toxics, std::string_view name) {
  return std::find_if(toxics.begin(), toxics.end(),
                      [&](const ToxicSpec& toxic) { return toxic.name == name; });
}

const ToxicSpec* find_in(const Proxy& proxy, std::string_view name) {
  for (const ToxicSpec& toxic : proxy.spec().toxics) {
    if (toxic.name == name) return &toxic;
  }
  return nullptr;
}

/// A ramp overrides the attribute it moves: setting that would seem to work and do nothing.
Result<void> leaves_ramp_alone(const ToxicSpec& toxic, const ToxicChange& change) {
  if (!toxic.timing.ramp) return {};
  const int ramped = toxic.timing.ramp->attribute;
  const auto index = static_cast<std::size_t>(ramped);
  const auto set = change.attributes.find(ramped);
  if (set == change.attributes.end() || set->second == toxic.attributes[index]) return {};
  return fail(ErrorKind::kInvalid, toxic.type->attributes[index].name +
                                       " is moved by the toxic's ramp: remove the toxic and add "
                                       "it without");
}

Fail no_toxic() {
  return fail(ErrorKind::kNotFound, "toxic not found");
}

}  // namespace

Registry::Registry(Workers& workers, std::uint64_t seed)
    : workers_(workers), seed_(seed), partitions_(workers.size(), seed) {}

Registry::~Registry() {
  journal_.observe(nullptr);
}

std::vector<const ProxySpec*> Registry::list() const {
  std::vector<const ProxySpec*> specs;
  for (const auto& [name, proxy] : proxies_) specs.push_back(&proxy->spec());
  return specs;
}

Result<Proxy*> Registry::find_proxy(std::string_view name) const {
  const auto found = proxies_.find(name);
  if (found == proxies_.end()) return fail(ErrorKind::kNotFound, "proxy not found");
  return found->second.get();
}

Result<const ProxySpec*> Registry::find(std::string_view proxy) const {
  return find_proxy(proxy).map([](Proxy* found) { return &found->spec(); });
}

Result<const ToxicSpec*> Registry::find_toxic(std::string_view proxy,
                                              std::string_view toxic) const {
  const Result<Proxy*> found = find_proxy(proxy);
  if (!found) return Fail(found.error());
  const ToxicSpec* spec = find_in(**found, toxic);
  if (spec == nullptr) return no_toxic();
  return spec;
}

Result<const ProxySpec*> Registry::create(ProxySpec spec, const Names& names) {
  if (proxies_.count(spec.name) != 0) {
    return fail(ErrorKind::kConflict, "proxy already exists");
  }
  if (const auto may = may_have(spec.toxics); !may) return Fail(may.error());
  if (const auto may = fits(spec, division()); !may) return Fail(may.error());
  if (const auto served = Proxy::can_serve(spec, workers_); !served) return Fail(served.error());
  ListeningSocket socket;
  if (spec.enabled) {
    Result<ListeningSocket> bound = ListeningSocket::bind(spec.listen, names);
    if (!bound) return Fail(bound.error());
    socket = *std::move(bound);
  }
  std::unique_ptr<Proxy>& proxy = proxies_[spec.name];
  proxy = make_proxy(spec);
  if (socket.is_open()) proxy->start(std::move(socket));
  proxy->tell();
  return &proxy->spec();
}

std::unique_ptr<Proxy> Registry::make_proxy(const ProxySpec& spec) {
  const ProxyZones zones = zones_for(spec);
  return std::make_unique<Proxy>(workers_, journal_, last_id_, ended_, seed_, spec, zones,
                                 partitions_.parts_for(zones));
}

Result<const ProxySpec*> Registry::update(std::string_view name, const ProxyChange& change,
                                          const Names& names) {
  const Result<Proxy*> found = find_proxy(name);
  if (!found) return Fail(found.error());
  Proxy& proxy = **found;
  ProxySpec wanted = proxy.spec();
  wanted.enabled = change.enabled.value_or(wanted.enabled);
  if (change.upstream) wanted.upstream = *change.upstream;
  if (!wanted.protocols.has_upstream()) {
    const auto checked = check_route(wanted.route(), change.listen.value_or(wanted.listen));
    if (!checked) return Fail(checked.error());
  }
  bool moves = false;
  if (change.listen) {
    const Result<bool> other = proxy.is_elsewhere(*change.listen, names);
    if (!other) return Fail(other.error());
    moves = *other;
    if (moves) wanted.listen = *change.listen;
  }
  const Result<ProxySpec> done = change_to(proxy, std::move(wanted), moves, names, Attempt::kApply);
  if (!done) return Fail(done.error());
  return &proxy.spec();
}

Result<void> Registry::remove(std::string_view proxy) {
  const auto found = proxies_.find(proxy);
  if (found == proxies_.end()) return fail(ErrorKind::kNotFound, "proxy not found");
  drop_probes_of(*found->second);
  keep_drops();
  proxies_.erase(found);
  return {};
}

Result<void> Registry::reset(const Names& names) {
  // Names are asked for before anything is touched.
  for (const auto& [name, proxy] : proxies_) {
    if (proxy->spec().enabled) continue;
    const Result<std::string> address = normal_address(proxy->spec().listen, names);
    if (!address && address.error().kind == ErrorKind::kNeedsLookup) return Fail(address.error());
  }
  std::string failures;
  for (const auto& [name, proxy] : proxies_) {
    proxy->set_toxics({});
    if (proxy->spec().enabled) continue;
    Result<ListeningSocket> socket = ListeningSocket::bind(proxy->spec().listen, names);
    if (socket) {
      proxy->start(*std::move(socket));
      proxy->tell();
    } else {
      failures += (failures.empty() ? "" : "; ") + socket.error().message;
    }
  }
  if (!failures.empty()) return fail(ErrorKind::kNetwork, failures);
  return {};
}

Result<const ToxicSpec*> Registry::add_toxic(std::string_view proxy, ToxicSpec toxic) {
  const Result<Proxy*> found = find_proxy(proxy);
  if (!found) return Fail(found.error());
  if (find_in(**found, toxic.name) != nullptr) {
    return fail(ErrorKind::kConflict, "toxic already exists");
  }
  ProxySpec changed = (*found)->spec();
  changed.toxics.push_back(std::move(toxic));
  if (const auto may = check_zones(changed, partitions_.zones()); !may) return Fail(may.error());
  if (const auto may = may_have(changed.toxics); !may) return Fail(may.error());
  if (const auto served = Proxy::can_serve(changed, workers_); !served) {
    return Fail(served.error());
  }
  (*found)->set_toxics(std::move(changed.toxics));
  const ToxicSpec& added = (*found)->spec().toxics.back();
  log_toxic("toxic added", **found, added);
  return &added;
}

Result<const ToxicSpec*> Registry::update_toxic(std::string_view proxy, std::string_view toxic,
                                                const ToxicChange& change) {
  const Result<Proxy*> found = find_proxy(proxy);
  if (!found) return Fail(found.error());
  ProxySpec spec = (*found)->spec();
  const auto changed = find_in(spec.toxics, toxic);
  if (changed == spec.toxics.end()) return no_toxic();
  if (const auto may = leaves_ramp_alone(*changed, change); !may) {
    return within("toxic `" + changed->name + "`", may.error());
  }
  for (const auto& [index, value] : change.attributes) {
    changed->attributes.at(static_cast<std::size_t>(index)) = value;
  }
  changed->toxicity = change.toxicity.value_or(changed->toxicity);
  ToxicReach& reach = changed->reach;
  reach.affects = change.affects.value_or(reach.affects);
  reach.on_remove = change.on_remove.value_or(reach.on_remove);
  reach.shadow = change.shadow.value_or(reach.shadow);
  const auto valid = check_together(*changed).and_then([&] { return check_reach(*changed); });
  if (!valid) return within("toxic `" + changed->name + "`", valid.error());
  if (const auto served = Proxy::can_serve(spec, workers_); !served) return Fail(served.error());
  (*found)->set_toxics(std::move(spec.toxics));
  const ToxicSpec* updated = find_in(**found, toxic);
  log_toxic("toxic changed", **found, *updated);
  return updated;
}

Result<void> Registry::remove_toxic(std::string_view proxy, std::string_view toxic) {
  const Result<Proxy*> found = find_proxy(proxy);
  if (!found) return Fail(found.error());
  std::vector<ToxicSpec> toxics = (*found)->spec().toxics;
  const auto removed = find_in(toxics, toxic);
  if (removed == toxics.end()) return no_toxic();
  const ToxicSpec gone = *removed;
  toxics.erase(removed);
  (*found)->set_toxics(std::move(toxics));
  log_toxic("toxic removed", **found, gone);
  return {};
}

std::vector<std::pair<std::string, ToxicSpec>> Registry::end_toxics(
    const std::function<bool(const ToxicSpec&)>& is_over) {
  std::vector<std::pair<std::string, ToxicSpec>> ended;
  for (const auto& [name, proxy] : proxies_) {
    const std::vector<ToxicSpec> before = proxy->spec().toxics;
    std::vector<ToxicSpec> left;
    for (const ToxicSpec& toxic : before) {
      if (is_over(toxic)) {
        ended.emplace_back(name, toxic);
      } else {
        left.push_back(toxic);
      }
    }
    if (left.size() == before.size()) continue;
    proxy->set_toxics(std::move(left));
    log_toxic_changes(*proxy, before);
  }
  return ended;
}

std::size_t Registry::halt() {
  is_halted_ = true;
  const auto all = [](const ToxicSpec&) { return true; };
  const std::size_t partitions = end_partitions(all).size();
  return partitions + end_toxics(all).size();
}

/// While faults are halted there are no toxics, and none may come.
Result<void> Registry::may_have(const std::vector<ToxicSpec>& toxics) const {
  if (!is_halted_ || toxics.empty()) return {};
  return fail(
      ErrorKind::kHalted,
      std::string(kAreHalted) + ": DELETE /v1/halt, or `faultline halt --lift`, allows them again");
}

TimePoint Registry::next_end() const {
  TimePoint next = kNever;
  for (const auto& [name, proxy] : proxies_) {
    for (const ToxicSpec& toxic : proxy->spec().toxics) next = std::min(next, toxic.life.ends);
  }
  for (const auto& [name, partition] : partitions_.all()) {
    next = std::min(next, partition.spec.fault.life.ends);
  }
  return next;
}

void Registry::watch_endings(std::function<void()> wake, OnToxicEnded on_ended) {
  ended_.set_wake(std::move(wake));
  on_ended_ = std::move(on_ended);
}

void Registry::remove_ended_toxics() {
  for (const EndedToxic& ended : ended_.take()) {
    if (ended.proxy.empty()) {
      remove_ended_partition(ended);
      continue;
    }
    const Result<Proxy*> proxy = find_proxy(ended.proxy);
    if (!proxy) continue;
    std::vector<ToxicSpec> toxics = (*proxy)->spec().toxics;
    const auto gone = find_in(toxics, (*proxy)->name_of_toxic(ended.id));
    if (gone == toxics.end()) continue;  // Somebody was faster.
    const ToxicSpec toxic = *gone;
    toxics.erase(gone);
    const Because because(*this, {.by = "limit", .reason = ended.reason});
    (*proxy)->set_toxics(std::move(toxics));
    log(LogLevel::kWarn, "toxic", "toxic ended: a limit was reached",
        {{"proxy", ended.proxy}, {"toxic", toxic.name}, {"reason", ended.reason}});
    if (on_ended_) on_ended_(ended.proxy, toxic, ended.reason);
  }
}

void Registry::remove_ended_partition(const EndedToxic& ended) {
  for (const auto& [name, partition] : partitions_.all()) {
    if (partition.id != ended.id) continue;
    if (partition.budget == nullptr || !partition.budget->is_spent()) return;  // It has others now.
    const Because because(*this, {.by = "limit", .reason = ended.reason});
    log(LogLevel::kWarn, "partition", "partition ended: a limit was reached",
        {{"partition", name}, {"reason", ended.reason}});
    remove_partition(std::string(name));
    return;
  }
}

std::vector<ProxyStats> Registry::stats() const {
  std::vector<ProxyStats> stats;
  for (const auto& [name, proxy] : proxies_) stats.push_back(proxy->stats());
  return stats;
}

Connections Registry::connections() const {
  std::map<std::uint64_t, std::string> names;
  for (const auto& [name, proxy] : proxies_) names.emplace(proxy->id(), name);
  return {workers_, std::move(names)};
}

std::vector<Lingering> Registry::lingering() const {
  std::vector<Lingering> found;
  for (const auto& [name, partition] : partitions_.all()) {
    found.push_back({.kind = Lingering::Kind::kPartition, .toxic = name});
  }
  for (const auto& [name, proxy] : proxies_) {
    for (const ToxicSpec& toxic : proxy->spec().toxics) {
      found.push_back({.kind = Lingering::Kind::kToxic, .proxy = name, .toxic = toxic.name});
    }
  }
  connections().add_lingering(found);
  return found;
}

void Registry::stop_accepting() {
  end_partitions([](const ToxicSpec&) { return true; });
  for (const auto& [name, proxy] : proxies_) {
    proxy->set_toxics({});
    proxy->stop_accepting();
  }
}

}  // namespace faultline
