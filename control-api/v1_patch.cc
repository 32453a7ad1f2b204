#include "control-api/v1_patch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/verify.h"
#include "control-api/json_reader.h"
#include "control-api/v1_life.h"
#include "control-api/v1_views.h"
#include "proxy/partition_decoder.h"
#include "proxy/spec_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Result<Json> read_patch(const std::string& text, const std::string& noun) {
  Json patch = Json::parse(text, nullptr, false);
  if (patch.is_object()) return patch;
  return fail(ErrorKind::kInvalid, "a patch of " + noun + " must be a map of what changes");
}

/// Puts the values of `patch` into `target`. A null that has nothing to take away stays, where
/// it is of no known key: the decoder then says that there is none.
void merge(Json& target, const Json& patch, const std::vector<std::string>& known) {
  for (const auto& [key, value] : patch.items()) {
    const bool is_known = std::find(known.begin(), known.end(), key) != known.end();
    if (value.is_object() && target.contains(key) && target[key].is_object()) {
      merge(target[key], value, {});
    } else if (!value.is_null()) {
      target[key] = value;
    } else if (target.contains(key) || is_known) {
      target.erase(key);
    } else {
      target[key] = nullptr;
    }
  }
}

Result<Document> as_document(const Json& json) {
  // What Toxiproxy's API has made may have names of any bytes.
  return parse_strict_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<void> keeps(const Json& patch, const char* key, const std::string& now,
                   const std::string& what) {
  if (!patch.contains(key) || patch[key] == now) return {};
  return Fail(
      Error{ErrorKind::kInvalid,
            std::string(key) + " cannot be changed: remove the " + what + " and make another",
            "/" + std::string(key)});
}

/// A value that its ramp sets cannot be set beside it.
Result<void> leaves_ramp(const ToxicSpec& toxic, const ToxicSpec& old, const Json& changes) {
  if (!toxic.timing.ramp) return {};
  const auto index = static_cast<std::size_t>(toxic.timing.ramp->attribute);
  const std::string& name = toxic.type->attributes[index].name;
  const bool changes_it = changes.is_object() && changes.contains(name) &&
                          toxic.attributes[index] != old.attributes[index];
  if (!changes_it) return {};
  return Fail(Error{ErrorKind::kInvalid,
                    name + " is moved by the toxic's ramp: change the ramp, or end it with null",
                    "/attributes/" + name});
}

/// Whether /v1 would read back what it shows of this value.
bool is_readable(const AttributeType& type, const AttributeValue& value) {
  const auto read = type.parse(type.text_with_unit(value));
  return read && *read == value;
}

/// What a partition is between is said in one of two ways: the one that is sent takes the place of
/// the other.
void give_way_to_shape(Json& partition, const Json& patch) {
  const std::string links(to_string(PartitionShape::Kind::kFromTo));
  const bool has_ends = (patch.contains("from") && !patch["from"].is_null()) ||
                        (patch.contains("to") && !patch["to"].is_null());
  const Json shape = patch.contains("shape") ? patch["shape"] : Json(has_ends ? links : "");
  if (!shape.is_string() || shape == "") return;
  partition["shape"] = shape;
  for (const char* key : {"from", "to", "direction", "zones"}) {
    const bool is_of_shape = std::string_view(key) == "zones";
    if (is_of_shape == (shape == links)) partition.erase(key);
  }
}

/// Its time goes on, unless the patch says how long it lasts: that counts from now.
Result<void> keep_time(ToxicSpec& fault, const ToxicLife& old, const Json& patch,
                       const V1Settings& settings, const Leases& leases) {
  if (!patch.contains("ttl") && !patch.contains("lease")) {
    fault.life.ttl = old.ttl;
    fault.life.ends = old.ends;
    fault.life.ends_at = old.ends_at;
    return {};
  }
  const bool had_end = old.ttl && *old.ttl < kLongest;
  if (!patch.contains("ttl")) fault.life.ttl = had_end ? old.ttl : std::nullopt;
  return give_ttl(fault, settings, leases, "");
}

}  // namespace

Result<ProxySpec> patched_proxy(const ProxySpec& old, const std::string& text,
                                const V1Settings& settings, const Leases& leases) {
  const auto patch = read_patch(text, "a proxy");
  if (!patch) return Fail(patch.error());
  if (auto kept = keeps(*patch, "name", old.name, "proxy"); !kept) return Fail(kept.error());
  Json merged = proxy_view(old);
  merged["toxics"] = Json::array();
  merge(merged, *patch, proxy_keys());
  const auto document = as_document(merged);
  if (!document) return Fail(document.error());
  auto spec = decode_proxy(*document, Dialect::kV1);
  if (!spec) return spec;
  spec->name = old.name;
  if (!patch->contains("listen")) spec->listen = old.listen;
  if (!patch->contains("upstream")) spec->upstream = old.upstream;  // Not as /v1 has shown it.
  if (patch->contains("toxics")) {
    if (auto given = give_ttls(*spec, settings, leases); !given) return Fail(given.error());
  } else {
    spec->toxics = old.toxics;
  }
  return spec;
}

Result<ToxicSpec> patched_toxic(const ToxicSpec& old, const std::string& text,
                                const V1Settings& settings, const Leases& leases) {
  const auto patch = read_patch(text, "a toxic");
  if (!patch) return Fail(patch.error());
  for (const auto& [key, now] :
       {std::pair("name", &old.name), std::pair("type", &old.type->name)}) {
    if (auto kept = keeps(*patch, key, *now, "toxic"); !kept) return Fail(kept.error());
  }
  Json merged = toxic_view(old);
  Json attributes = std::exchange(merged["attributes"], Json::object());
  merge(merged, *patch, toxic_keys());
  const bool names_attributes = patch->contains("attributes");
  const Json changes = names_attributes ? (*patch)["attributes"] : Json::object();
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < old.attributes.size(); ++i) {
    const AttributeType& type = old.type->attributes[i];
    if (changes.is_object() && changes.contains(type.name)) continue;
    kept.push_back(i);
    if (!is_readable(type, old.attributes[i])) attributes.erase(type.name);
  }
  if (changes.is_object()) {
    merge(attributes, changes, old.type->attribute_names());
    merged["attributes"] = attributes;
  } else if (!changes.is_null()) {
    merged["attributes"] = changes;
  }
  const auto document = as_document(merged);
  if (!document) return Fail(document.error());
  auto spec = decode_toxic(*document, Dialect::kV1);
  if (!spec) return spec;
  if (auto left = leaves_ramp(*spec, old, changes); !left) return Fail(left.error());
  if (!changes.is_null()) {
    for (const std::size_t i : kept) spec->attributes[i] = old.attributes[i];
  }
  spec->name = old.name;
  if (!patch->contains("toxicity")) spec->toxicity = old.toxicity;
  if (!patch->contains("stream")) spec->stream_text = old.stream_text;
  if (auto lasts = keep_time(*spec, old.life, *patch, settings, leases); !lasts) {
    return Fail(lasts.error());
  }
  return spec;
}

Result<PartitionSpec> patched_partition(const PartitionSpec& old, const std::string& shown,
                                        const std::string& text, const V1Settings& settings,
                                        const Leases& leases) {
  const auto patch = read_patch(text, "a partition");
  if (!patch) return Fail(patch.error());
  if (auto kept = keeps(*patch, "name", old.name, "partition"); !kept) return Fail(kept.error());
  Json merged = Json::parse(shown, nullptr, false);
  const bool changes_mode = patch->contains("mode") && (*patch)["mode"] != merged["mode"];
  if (changes_mode) merged.erase("attributes");  // They are of the mode.
  give_way_to_shape(merged, *patch);
  merge(merged, *patch, partition_keys());
  const auto document = as_document(merged);
  if (!document) return Fail(document.error());
  auto spec = decode_partition(*document, Dialect::kV1);
  if (!spec) return spec;
  if (auto lasts = keep_time(spec->fault, old.fault.life, *patch, settings, leases); !lasts) {
    return Fail(lasts.error());
  }
  return spec;
}

Document with_name(Document body, const std::string& name) {
  auto* map = std::get_if<Document::Object>(&body.value);
  if (map == nullptr) return body;
  const bool has_one = std::any_of(map->begin(), map->end(),
                                   [](const auto& entry) { return entry.first == "name"; });
  if (!has_one) map->emplace_back("name", Document{.value = name});
  return body;
}

}  // namespace faultline
