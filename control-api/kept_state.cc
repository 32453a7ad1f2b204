#include "control-api/kept_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
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
    if (life.ends != kNever) {
      toxic["ttl"] = duration_text(std::max(life.ends - clock_now(), kShortest));
    }
    toxics.push_back(std::move(toxic));
  }
  view["toxics"] = std::move(toxics);
  if (configured != nullptr) {
    view["configured"] = true;
    view["enabled"] = proxy.enabled || !configured->enabled;
  }
  return view;
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

std::string kept_state_json(const Registry& registry, const std::vector<ProxySpec>& configured,
                            WallTime now) {
  Json proxies = Json::array();
  for (const ProxySpec* proxy : registry.list()) {
    const auto found =
        std::find_if(configured.begin(), configured.end(),
                     [&](const ProxySpec& other) { return other.name == proxy->name; });
    proxies.push_back(
        beside(*proxy, found == configured.end() ? nullptr : &*found, proxy_view(*proxy)));
  }
  const Json state = {{"kept_at_ms", milliseconds_of(now)}, {"proxies", std::move(proxies)}};
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
  return kept;
}

Result<std::vector<std::string>> restore(const KeptState& state, Registry& registry,
                                         const Names& names) {
  std::vector<std::string> left_out;
  for (const KeptState::Kept& kept : state.proxies) {
    if (auto restored = restore_proxy(kept, registry, names, left_out); !restored) {
      return Fail(restored.error());
    }
  }
  return left_out;
}

}  // namespace faultline
