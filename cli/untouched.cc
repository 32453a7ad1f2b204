#include "cli/untouched.h"

#include <cstdint>

#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// The entry called `name` of the list at `list`; null if there is none.
Json entry_named(const Json& object, const char* list, const std::string& name) {
  if (!object.is_object() || !object.contains(list) || !object[list].is_array()) return nullptr;
  for (const Json& entry : object[list]) {
    if (entry.is_object() && entry.contains("name") && entry["name"] == name) return entry;
  }
  return nullptr;
}

/// kUnknown if it is no number.
constexpr std::uint64_t kUnknown = UINT64_MAX;
std::uint64_t counted_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  const bool is_count = found != object.end() && found->is_number_unsigned();
  return is_count ? found->get<std::uint64_t>() : kUnknown;
}

std::string connections_of(std::uint64_t count) {
  return count == 1 ? "the connection" : "the " + std::to_string(count) + " connections";
}

}  // namespace

std::string untouched_warning(const V1Remote& remote, const std::string& proxy,
                              const std::string& toxic) {
  const auto stats = remote.call("GET", "/v1/stats");
  if (!stats) return "";
  const Json counts = entry_named(entry_named(*stats, "proxies", proxy), "toxics", toxic);
  if (!counts.is_object() || counted_at(counts, "applied") != 0) return "";
  if (counts.value("acts_on_listener", Json(false)) == true) return "";
  const auto present = remote.call("GET", v1_proxy_path(proxy));
  if (!present || !present->is_object()) return "";
  const Json described = entry_named(*present, "toxics", toxic);
  const bool is_shadow = described.is_object() && described.contains("shadow");
  const std::uint64_t met = counted_at(counts, "met");
  const std::uint64_t matched = counted_at(counts, "matched");
  const std::string beginning = "warning: toxic '" + toxic + "' ";
  if (met == 0) {
    return beginning + "touched no connection: is the client really using " +
           text_at(*present, "listen") + "?";
  }
  if (matched == 0) {
    return beginning + "touched no connection: it was not for " + connections_of(met) +
           " that it met";
  }
  if (is_shadow) return "";
  return beginning + "did nothing to " + connections_of(matched) + " that it matched";
}

}  // namespace faultline
