#include "control-api/kept_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/quantities.h"
#include "control-api/json_reader.h"
#include "control-api/v1_views.h"
#include "proxy/alarm_clock.h"
#include "proxy/spec_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kShortest = std::chrono::milliseconds(1);

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
  if (*time - passed < kShortest) return false;
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

Result<ProxySpec> read_proxy(Json json, Duration passed, std::vector<std::string>& left_out) {
  if (!json.is_object()) return no_state("a proxy is no object");
  const Json toxics = json.value("toxics", Json::array());
  json.erase("toxics");
  auto proxy = decoded(json, decode_proxy);
  if (!proxy) return no_state("proxy `" + name_of(json) + "`: " + proxy.error().message);
  for (Json toxic : toxics) {
    if (!toxic.is_object()) return no_state("a toxic is no object");
    if (!shorten(toxic, passed)) continue;
    auto spec = decoded(toxic, decode_toxic);
    if (spec) {
      proxy->toxics.push_back(*std::move(spec));
    } else {
      left_out.push_back(proxy->name + "/" + name_of(toxic) + ": " + spec.error().message);
    }
  }
  return proxy;
}

Result<void> restore_proxy(const ProxySpec& kept, Registry& registry, const Names& names) {
  const auto present = registry.find(kept.name);
  if (!present) {
    ProxySpec fresh = kept;
    if (registry.is_halted()) fresh.toxics.clear();
    if (auto created = registry.create(std::move(fresh), names); !created) {
      return Fail(created.error());
    }
    return {};
  }
  const bool goes = (*present)->enabled && !kept.enabled;
  if (goes) {
    const auto updated = registry.update(kept.name, {.enabled = false}, names);
    if (!updated) return Fail(updated.error());
  }
  for (const ToxicSpec& toxic : kept.toxics) {
    if (registry.is_halted() || registry.find_toxic(kept.name, toxic.name)) continue;
    if (auto added = registry.add_toxic(kept.name, toxic); !added) return Fail(added.error());
  }
  return {};
}

}  // namespace

std::string kept_state_json(const Registry& registry, WallTime now) {
  Json proxies = Json::array();
  for (const ProxySpec* proxy : registry.list()) {
    Json view = proxy_view(*proxy);
    Json toxics = Json::array();
    for (std::size_t i = 0; i < proxy->toxics.size(); ++i) {
      const ToxicLife& life = proxy->toxics[i].life;
      if (!life.lease.empty()) continue;
      Json toxic = view["toxics"][i];
      if (life.ends != kNever) {
        toxic["ttl"] = duration_text(std::max(life.ends - clock_now(), kShortest));
      }
      toxics.push_back(std::move(toxic));
    }
    view["toxics"] = std::move(toxics);
    proxies.push_back(std::move(view));
  }
  const Json state = {{"kept_at_ms", milliseconds_of(now)}, {"proxies", std::move(proxies)}};
  return state.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<KeptState> read_kept_state(const std::string& text, WallTime now) {
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
    auto proxy = read_proxy(json, passed, kept.left_out);
    if (!proxy) return Fail(proxy.error());
    kept.proxies.push_back(*std::move(proxy));
  }
  return kept;
}

Result<void> restore(const KeptState& state, Registry& registry, const Names& names) {
  for (const ProxySpec& proxy : state.proxies) {
    const auto restored = restore_proxy(proxy, registry, names);
    if (restored) continue;
    if (restored.error().kind == ErrorKind::kNeedsLookup) return restored;
    return within("proxy `" + proxy.name + "`", restored.error());
  }
  return {};
}

}  // namespace faultline
