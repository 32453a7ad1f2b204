#include "control-api/kept_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/quantities.h"
#include "control-api/json_reader.h"
#include "control-api/partition_json.h"
#include "control-api/v1_life.h"
#include "control-api/v1_views.h"
#include "proxy/life_decoder.h"
#include "proxy/partition_decoder.h"
#include "proxy/spec_decoder.h"
#include "proxy/zone_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

std::int64_t milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Fail no_state(const std::string& what) {
  return fail(ErrorKind::kInvalid, "it is no state of a Faultline: " + what +
                                       "; move it away, or start without --restore");
}

/// Counts the time of `toxic` from now on instead of `passed` ago. False if it is up.
bool shorten(Json& toxic, Duration passed) {
  const auto ttl = toxic.find("ttl");
  if (ttl == toxic.end() || !ttl->is_string() || *ttl == "none") return true;
  const auto time = parse_duration(ttl->get<std::string>());
  if (!time) return true;  // Decoding it says what is wrong.
  if (*time - passed < kShortestTtl) return false;
  *ttl = duration_text(*time - passed);
  return true;
}

template <class Spec>
Result<Spec> decoded(const Json& json, Result<Spec> (*decode)(const Document&, Dialect)) {
  const auto document =
      parse_strict_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!document) return Fail(document.error());
  return decode(*document, Dialect::kStrict);
}

std::string name_of(const Json& json) {
  const auto name = json.find("name");
  return name != json.end() && name->is_string() ? name->get<std::string>() : "?";
}

/// A proxy of the state; nothing if it cannot be read, which `left_out` then says.
std::optional<KeptState::Kept> read_proxy(Json json, Duration passed,
                                          std::vector<std::string>& left_out) {
  const auto leave_out = [&](const std::string& what, const Error& error) {
    left_out.push_back(what + ": " + error.message);
  };
  const Json toxics = json.value("toxics", Json::array());
  KeptState::Kept kept;
  kept.is_configured = json.value("configured", Json(false)) == true;
  json.erase("toxics");
  json.erase("configured");
  auto proxy = decoded(json, decode_proxy);
  if (!proxy) {
    leave_out(name_of(json), proxy.error());
    return std::nullopt;
  }
  kept.proxy = *std::move(proxy);
  for (Json toxic : toxics) {
    if (toxic.is_object() && !shorten(toxic, passed)) continue;
    auto spec = decoded(toxic, decode_toxic);
    if (spec) {
      kept.proxy.toxics.push_back(*std::move(spec));
    } else {
      leave_out(kept.proxy.name + "/" + name_of(toxic), spec.error());
    }
  }
  return kept;
}

/// What `configured` does not have of a proxy; `view` is the proxy as /v1 shows it.
Json beside(const ProxySpec& proxy, const ProxySpec* configured, Json view) {
  const auto is_configured = [&](const ToxicSpec& toxic) {
    return configured != nullptr &&
           std::any_of(configured->toxics.begin(), configured->toxics.end(),
                       [&](const ToxicSpec& other) { return other.name == toxic.name; });
  };
  Json toxics = Json::array();
  for (std::size_t i = 0; i < proxy.toxics.size(); ++i) {
    const ToxicLife& life = proxy.toxics[i].life;
    if (!life.lease.empty() || is_configured(proxy.toxics[i])) continue;
    Json toxic = view["toxics"][i];
    say_time_left(toxic, life.ends);
    toxics.push_back(std::move(toxic));
  }
  view["toxics"] = std::move(toxics);
  if (configured != nullptr) {
    view["configured"] = true;
    view["enabled"] = proxy.enabled || !configured->enabled;
  }
  return view;
}

template <class Spec>
bool is_named_in(const std::vector<Spec>& list, const std::string& name) {
  return std::any_of(list.begin(), list.end(), [&](const Spec& spec) { return spec.name == name; });
}

Json zones_beside(const Registry& registry, const std::vector<ZoneSpec>& configured) {
  Json zones = Json::array();
  for (const ZoneSpec& zone : registry.partitions().zones().zones()) {
    if (!is_named_in(configured, zone.name)) {
      zones.push_back(Json::parse(zone_json(zone), nullptr, false));
    }
  }
  return zones;
}

Json partitions_beside(const Registry& registry, const std::vector<PartitionSpec>& configured) {
  Json partitions = Json::array();
  for (const auto& [name, partition] : registry.partitions().all()) {
    const ToxicLife& life = partition.spec.fault.life;
    if (!life.lease.empty() || is_named_in(configured, name)) continue;
    Json view =
        Json::parse(partition_json(partition, registry.partitions().zones()), nullptr, false);
    say_time_left(view, life.ends);
    partitions.push_back(std::move(view));
  }
  return partitions;
}

/// The zones of the state, which an earlier version did not write.
void read_zones(const Json& list, KeptState& kept) {
  for (const Json& json : list) {
    const std::string name = json.is_object() ? name_of(json) : "?";
    const auto document =
        parse_strict_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
    auto zone = document ? decode_zone(*document, name, Dialect::kStrict)
                         : Result<ZoneSpec>(Fail(document.error()));
    if (zone) {
      kept.zones.push_back(*std::move(zone));
    } else {
      kept.left_out.push_back("zone " + name + ": " + zone.error().message);
    }
  }
}

void read_partitions(const Json& list, Duration passed, KeptState& kept) {
  for (Json json : list) {
    if (json.is_object() && !shorten(json, passed)) continue;
    auto partition = decoded(json, decode_partition);
    if (partition) {
      kept.partitions.push_back(*std::move(partition));
    } else {
      const std::string name = json.is_object() ? name_of(json) : "?";
      kept.left_out.push_back("partition " + name + ": " + partition.error().message);
    }
  }
}

/// Adds the reason to `left_out`, unless it asks for a name to be looked up.
template <class T>
Result<void> settle(const Result<T>& result, const std::string& what,
                    std::vector<std::string>& left_out) {
  if (result) return {};
  if (result.error().kind == ErrorKind::kNeedsLookup) return Fail(result.error());
  left_out.push_back(what + ": " + result.error().message);
  return {};
}

Result<void> restore_proxy(const KeptState::Kept& kept, Registry& registry, const Names& names,
                           std::vector<std::string>& left_out) {
  const std::string& name = kept.proxy.name;
  if (!registry.find(name)) {
    if (kept.is_configured) return {};  // It is in the configuration no more.
    // With its toxics: whoever dials again at once, as clients do, is to meet them.
    ProxySpec fresh = kept.proxy;
    if (registry.is_halted()) fresh.toxics.clear();
    auto created = registry.create(fresh, names);
    if (!created && created.error().kind == ErrorKind::kInvalid) {
      fresh.toxics.clear();  // One cannot be had; the others are added below.
      created = registry.create(std::move(fresh), names);
    }
    if (auto settled = settle(created, name, left_out); !settled || !created) return settled;
  } else if (!kept.proxy.enabled) {
    const auto updated = registry.update(name, {.enabled = false}, names);
    if (auto settled = settle(updated, name, left_out); !settled) return settled;
  }
  for (const ToxicSpec& toxic : kept.proxy.toxics) {
    if (registry.is_halted() || registry.find_toxic(name, toxic.name)) continue;
    const auto added = registry.add_toxic(name, toxic);
    if (auto settled = settle(added, name + "/" + toxic.name, left_out); !settled) return settled;
  }
  return {};
}

}  // namespace

std::string kept_state_json(const Registry& registry, const Configured& configuration,
                            WallTime now) {
  const std::vector<ProxySpec>& configured = configuration.proxies;
  Json proxies = Json::array();
  for (const ProxySpec* proxy : registry.list()) {
    const auto found =
        std::find_if(configured.begin(), configured.end(),
                     [&](const ProxySpec& other) { return other.name == proxy->name; });
    proxies.push_back(
        beside(*proxy, found == configured.end() ? nullptr : &*found, proxy_view(*proxy)));
  }
  const Json state = {{"kept_at_ms", milliseconds_of(now)},
                      {"zones", zones_beside(registry, configuration.zones)},
                      {"proxies", std::move(proxies)},
                      {"partitions", partitions_beside(registry, configuration.partitions)}};
  return state.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<KeptState> read_kept_state(const std::string& text, WallTime now) {
  // Our reader has a limit on depth, which the other has not.
  if (const auto read = parse_json(text); !read) return no_state(read.error().message);
  const Json state = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return no_state("it is not a JSON object");
  const auto kept_at = state.find("kept_at_ms");
  if (kept_at == state.end() || !kept_at->is_number_integer()) {
    return no_state("it does not say when it was");
  }
  const auto proxies = state.find("proxies");
  if (proxies == state.end() || !proxies->is_array()) return no_state("it has no proxies");
  const std::int64_t now_ms = milliseconds_of(now);
  const std::int64_t then_ms = std::clamp(kept_at->get<std::int64_t>(), std::int64_t{0}, now_ms);
  const auto passed = std::chrono::milliseconds(now_ms - then_ms);
  KeptState kept;
  for (const Json& json : *proxies) {
    if (!json.is_object()) return no_state("a proxy is no object");
    if (auto proxy = read_proxy(json, passed, kept.left_out)) {
      kept.proxies.push_back(*std::move(proxy));
    }
  }
  read_zones(state.value("zones", Json::array()), kept);
  read_partitions(state.value("partitions", Json::array()), passed, kept);
  return kept;
}

Result<std::vector<std::string>> restore(const KeptState& state, Registry& registry,
                                         const Names& names) {
  std::vector<std::string> left_out;
  for (const ZoneSpec& zone : state.zones) {
    std::vector<ZoneSpec> zones = registry.partitions().zones().zones();
    if (is_named_in(zones, zone.name)) continue;
    zones.push_back(zone);
    const auto set = registry.set_zones(std::move(zones), Registry::Attempt::kApply);
    if (!set) left_out.push_back("zone " + zone.name + ": " + set.error().message);
  }
  for (const KeptState::Kept& kept : state.proxies) {
    if (auto restored = restore_proxy(kept, registry, names, left_out); !restored) {
      return Fail(restored.error());
    }
  }
  for (const PartitionSpec& partition : state.partitions) {
    if (registry.is_halted() || registry.partitions().all().count(partition.name) > 0) continue;
    const auto put = registry.put_partition(partition, Registry::Attempt::kApply);
    if (!put) left_out.push_back("partition " + partition.name + ": " + put.error().message);
  }
  return left_out;
}

}  // namespace faultline
