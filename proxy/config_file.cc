#include "proxy/config_file.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "base/file_contents.h"
#include "base/nearest_name.h"
#include "base/quantities.h"
#include "proxy/address_check.h"
#include "proxy/partition_decoder.h"
#include "proxy/proxy_zones.h"
#include "proxy/sample_files.h"
#include "proxy/spec_decoder.h"
#include "proxy/yaml_document.h"
#include "proxy/zone_decoder.h"

namespace faultline {

namespace {

using Keys = std::vector<std::string>;

const Document* find(const Document::Object& map, std::string_view key) {
  for (const auto& [name, value] : map) {
    if (name == key) return &value;
  }
  return nullptr;
}

/// The keys and values of `document`; all keys must be in `known`.
Result<const Document::Object*> map_of(const Document& document, const std::string& what,
                                       const Keys& known) {
  const auto* map = document.as<Document::Object>();
  if (map == nullptr) return wrong(document, what + " must be a map, not " + describe(document));
  for (const auto& [key, value] : *map) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return wrong(value, "unknown key `" + key + "`" + did_you_mean(key, known));
    }
  }
  return map;
}

Result<void> check_address_at(const Document& place, const std::string& address) {
  if (auto checked = check_address(address); !checked) return wrong(place, checked.error().message);
  return {};
}

/// The value of `key` in the proxy `document`, in any letter case; the proxy itself if it has none.
const Document& place_of(const Document& document, std::string_view key) {
  for (const auto& [name, value] : std::get<Document::Object>(document.value)) {
    if (std::equal(name.begin(), name.end(), key.begin(), key.end(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) == b;
        })) {
      return value;
    }
  }
  return document;
}

// ---- Faultline's own shape -------------------------------------------------

Result<std::vector<std::string>> texts_of(const Document& document, const std::string& key) {
  const auto* list = document.as<Document::Array>();
  if (list == nullptr) return wrong(document, key + " must be a list, not " + describe(document));
  std::vector<std::string> texts;
  for (const Document& element : *list) {
    const auto* text = element.as<std::string>();
    if (text == nullptr)
      return wrong(element, key + " must list strings, not " + describe(element));
    texts.push_back(*text);
  }
  return texts;
}

Result<void> read_event_log(const Document::Object& control, Config& config) {
  if (const Document* path = find(control, "event_log")) {
    const auto* text = path->as<std::string>();
    if (text == nullptr || text->empty()) {
      return wrong(*path, "event_log must be a path, not " + describe(*path));
    }
    config.control_event_log = *text;
  }
  if (const Document* size = find(control, "event_log_size")) {
    const auto* number = size->as<std::int64_t>();
    const auto* text = size->as<std::string>();
    const auto bytes = parse_size(number != nullptr ? std::to_string(*number)
                                  : text != nullptr ? *text
                                                    : "");
    if (!bytes || *bytes == 0) {
      return wrong(*size, "event_log_size must be a size such as 100MB, not " + describe(*size));
    }
    config.control_event_log_size = *bytes;
  }
  return {};
}

Result<void> read_control(const Document& document, Config& config) {
  const auto map =
      map_of(document, "control",
             {"listen", "allowed_hosts", "allowed_origins", "event_log", "event_log_size"});
  if (!map) return Fail(map.error());
  if (const Document* listen = find(**map, "listen")) {
    const auto* text = listen->as<std::string>();
    if (text == nullptr) return wrong(*listen, "listen must be a string, not " + describe(*listen));
    if (auto checked = check_address_at(*listen, *text); !checked) return checked;
    config.control_listen = *text;
  }
  for (const auto& [key, target] :
       {std::pair("allowed_hosts", &config.control_allowed_hosts),
        std::pair("allowed_origins", &config.control_allowed_origins)}) {
    const Document* list = find(**map, key);
    if (list == nullptr) continue;
    auto texts = texts_of(*list, key);
    if (!texts) return Fail(texts.error());
    *target = *std::move(texts);
  }
  return read_event_log(**map, config);
}

Result<void> check_version(const Document& document, const Document::Object& map) {
  const Document* version = find(map, "version");
  if (version == nullptr) return wrong(document, "`version: 1` is missing");
  const auto* number = version->as<std::int64_t>();
  if (number == nullptr || *number != 1) {
    return wrong(*version, "version must be the number 1, not " + describe(*version));
  }
  return {};
}

/// The zones that proxies name. REQUIRES: the specs were decoded from `list`, one from each; the
/// zones go together.
Result<void> check_zones_of(const std::vector<ProxySpec>& specs, const Document::Array& list,
                            const std::vector<ZoneSpec>& zones) {
  const auto map = ZoneMap::build(zones);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto checked = check_zones(specs[i], *map);
    if (checked) continue;
    const std::string key = checked.error().pointer.substr(1);
    return wrong(place_of(list[i], key), checked.error().message);
  }
  return {};
}

Result<std::vector<PartitionSpec>> read_partitions(const Document& document, const ZoneMap& zones) {
  const auto* list = document.as<Document::Array>();
  if (list == nullptr) {
    return wrong(document, "partitions must be a list, not " + describe(document));
  }
  std::vector<PartitionSpec> partitions;
  std::set<std::string> names;
  for (const Document& element : *list) {
    auto partition = decode_partition(element, Dialect::kStrict);
    if (!partition) return Fail(partition.error());
    const auto links = links_of(partition->shape, zones);
    if (!links) return wrong(element, links.error().message);
    if (!names.insert(partition->name).second) {
      return wrong(element, "two partitions are named `" + partition->name + "`");
    }
    partitions.push_back(*std::move(partition));
  }
  return partitions;
}

/// All but the partitions.
Result<Config> read_proxies(const Document& document) {
  const auto map =
      map_of(document, "the file", {"version", "control", "zones", "proxies", "partitions"});
  if (!map) return Fail(map.error());
  if (auto checked = check_version(document, **map); !checked) return Fail(checked.error());
  Config config;
  if (const Document* control = find(**map, "control"); control != nullptr && !control->is_null()) {
    if (auto read = read_control(*control, config); !read) return Fail(read.error());
  }
  if (const Document* zones = find(**map, "zones")) {
    auto decoded = decode_zones(*zones, Dialect::kStrict);
    if (!decoded) return Fail(decoded.error());
    config.configured.zones = *std::move(decoded);
  }
  const Document* proxies = find(**map, "proxies");
  if (proxies == nullptr || proxies->is_null()) return config;
  auto specs = decode_proxies(*proxies, Dialect::kStrict);
  if (!specs) return Fail(specs.error());
  const auto& list = std::get<Document::Array>(proxies->value);
  for (std::size_t i = 0; i < specs->size(); ++i) {
    const ProxySpec& spec = (*specs)[i];
    if (spec.listen.empty()) {
      return wrong(list[i], "missing required field: listen (port 0 means any free one)");
    }
    for (const auto& [key, address] :
         {std::pair("listen", &spec.listen), std::pair("upstream", &spec.upstream)}) {
      if (address->empty()) continue;  // Its clients say where they go.
      if (auto checked = check_address_at(place_of(list[i], key), *address); !checked) {
        return Fail(checked.error());
      }
    }
  }
  if (auto checked = check_zones_of(*specs, list, config.configured.zones); !checked) {
    return Fail(checked.error());
  }
  config.configured.proxies = *std::move(specs);
  return config;
}

Result<Config> read_own_shape(const Document& document) {
  auto config = read_proxies(document);
  if (!config) return config;
  const Document* partitions = find(std::get<Document::Object>(document.value), "partitions");
  if (partitions == nullptr || partitions->is_null()) return config;
  auto decoded = read_partitions(*partitions, *ZoneMap::build(config->configured.zones));
  if (!decoded) return Fail(decoded.error());
  config->configured.partitions = *std::move(decoded);
  return config;
}

// ---- Toxiproxy's array -----------------------------------------------------

/// Refuses keys that are not `known`, in any letter case. What is no map is left to the decoder.
Result<void> check_keys(const Document& document, const Keys& known) {
  const auto* map = document.as<Document::Object>();
  if (map == nullptr) return {};
  for (const auto& [key, value] : *map) {
    std::string lower_key = key;
    std::transform(key.begin(), key.end(), lower_key.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(known.begin(), known.end(), lower_key) == known.end()) {
      return wrong(value, "unknown key `" + key + "`" + did_you_mean(key, known));
    }
  }
  return {};
}

Result<void> check_toxic_keys(const Document& toxic) {
  if (auto checked = check_keys(toxic, toxic_keys());
      !checked || toxic.as<Document::Object>() == nullptr) {
    return checked;
  }
  const auto* type_name = place_of(toxic, "type").as<std::string>();
  const ToxicType* type = type_name == nullptr ? nullptr : find_toxic_type(*type_name);
  const Document& attributes = place_of(toxic, "attributes");
  if (type == nullptr || &attributes == &toxic) return {};
  return check_keys(attributes, type->attribute_names());
}

Result<void> check_proxy_keys(const Document& proxy) {
  // Toxiproxy itself writes a key `Logger` into its lists of proxies.
  if (auto checked =
          check_keys(proxy, {"name", "listen", "upstream", "enabled", "toxics", "logger"});
      !checked || proxy.as<Document::Object>() == nullptr) {
    return checked;
  }
  const auto* toxics = place_of(proxy, "toxics").as<Document::Array>();
  if (toxics == nullptr) return {};
  for (const Document& toxic : *toxics) {
    if (auto checked = check_toxic_keys(toxic); !checked) return checked;
  }
  return {};
}

/// Toxiproxy's own words are about a request; here there is none.
Error without_request(Error error) {
  constexpr std::string_view kPrefix = "bad request body: ";
  const std::size_t at = error.message.find(kPrefix);
  if (at != std::string::npos) error.message.erase(at, kPrefix.size());
  return error;
}

Result<Config> read_toxiproxy_array(const Document& document) {
  const auto& list = std::get<Document::Array>(document.value);
  for (const Document& proxy : list) {
    if (auto checked = check_proxy_keys(proxy); !checked) return Fail(checked.error());
  }
  auto specs = decode_proxies(document, Dialect::kToxiproxy);
  if (!specs) return Fail(without_request(specs.error()));
  for (std::size_t i = 0; i < specs->size(); ++i) {
    const ProxySpec& spec = (*specs)[i];
    if (!spec.enabled || spec.listen.empty()) continue;
    const auto checked = check_address_at(place_of(list[i], "listen"), spec.listen);
    if (!checked) return Fail(checked.error());
  }
  Config config;
  config.configured.proxies = *std::move(specs);
  return config;
}

// ---- Both ------------------------------------------------------------------

/// REQUIRES: the specs were decoded from `list`, one from each.
Result<void> check_unique(const std::vector<ProxySpec>& specs, const Document::Array& list) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!names.insert(specs[i].name).second) {
      return wrong(place_of(list[i], "name"), "two proxies are named `" + specs[i].name + "`");
    }
  }
  return {};
}

Result<Config> read_document(const Document& document) {
  if (document.is_null()) return wrong(document, "the file is empty; it must say `version: 1`");
  const auto* list = document.as<Document::Array>();
  auto config = list != nullptr ? read_toxiproxy_array(document) : read_own_shape(document);
  if (!config) return config;
  if (list == nullptr) {
    const Document* proxies = find(std::get<Document::Object>(document.value), "proxies");
    list = proxies == nullptr ? nullptr : proxies->as<Document::Array>();
  }
  if (list == nullptr) return config;
  if (auto checked = check_unique(config->configured.proxies, *list); !checked)
    return Fail(checked.error());
  return config;
}

}  // namespace

Result<Config> read_config_file(const std::string& path) {
  const auto text = file_contents(path);
  if (!text) return within(path, text.error());
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  auto document = parse_yaml(*text, environment);
  if (!document) return fail(ErrorKind::kInvalid, path + ":" + document.error().message);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (auto read = read_sample_files(*document, folder); !read) {
    return fail(ErrorKind::kInvalid, path + ":" + read.error().message);
  }
  auto config = read_document(*document);
  if (!config) return fail(ErrorKind::kInvalid, path + ":" + config.error().message);
  return config;
}

}  // namespace faultline
