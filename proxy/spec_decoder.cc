#include "proxy/spec_decoder.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "base/nearest_name.h"
#include "proxy/address_check.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"
#include "proxy/protocol_decoder.h"
#include "proxy/reach_decoder.h"
#include "proxy/timing_decoder.h"
#include "proxy/toxic_ramp.h"

namespace faultline {

namespace {

Result<std::optional<float>> read_toxicity(const Fields& fields, Dialect dialect) {
  const Document* value = fields.find("toxicity");
  if (value == nullptr) return std::nullopt;
  if (is_strict(dialect) && value->as<std::string>() != nullptr) {
    const auto share = decode_share(*value, "toxicity", dialect);
    if (!share) return Fail(share.error());
    return static_cast<float>(*share);
  }
  double toxicity = 0;
  if (const auto* whole = value->as<std::int64_t>()) {
    toxicity = static_cast<double>(*whole);
  } else if (const auto* number = value->as<double>()) {
    toxicity = *number;
  } else {
    return wrong_type(*value, dialect, "toxicity must be a number, not " + describe(*value));
  }
  const bool strict = is_strict(dialect);
  if (strict && !(toxicity >= 0 && toxicity <= 1)) {
    return wrong(*value, "toxicity must be from 0 to 1, not " + describe(*value));
  }
  if (!(std::abs(toxicity) <= static_cast<double>(FLT_MAX))) {
    return wrong_type(*value, dialect, "toxicity is out of range: " + describe(*value));
  }
  return static_cast<float>(toxicity);
}

/// A number in quotes: it has no unit, so it should have no quotes.
bool is_bare_number(std::string_view text) {
  return text.find_first_not_of("+-.0123456789") == std::string_view::npos;
}

/// `is_bounded`: values out of bounds are refused.
Result<AttributeValue> read_attribute(const Document& value, const AttributeType& attribute,
                                      Dialect dialect, bool is_bounded) {
  const auto* text = value.as<std::string>();
  if (text != nullptr && (attribute.is_text() || !is_bare_number(*text))) {
    const auto parsed = attribute.parse(*text);
    if (!parsed) return wrong_type(value, dialect, parsed.error().message);
    return parsed;
  }
  Result<AttributeValue> read =
      fail(ErrorKind::kInvalid, attribute.name + " must be " + attribute.description());
  if (const auto* whole = value.as<std::int64_t>()) read = attribute.from_number(*whole);
  if (const auto* number = value.as<double>()) read = attribute.from_number(*number);
  if (!read) return wrong_type(value, dialect, read.error().message + ", not " + describe(value));
  if (is_bounded) {
    if (const auto checked = attribute.check_bounds(*read); !checked) {
      return wrong(value, checked.error().message);
    }
  }
  if (const auto checked = check_unit(value, attribute, *read, dialect); !checked) {
    return Fail(checked.error());
  }
  return read;
}

/// The attributes that are named, by their index in the type.
Result<std::map<int, AttributeValue>> read_attributes(const Document* document,
                                                      const ToxicType& type, Dialect dialect) {
  const bool all_bounded = is_strict(dialect) || !type.is_toxiproxys;
  std::map<int, AttributeValue> values;
  if (document == nullptr) return values;
  const auto* list = document->as<Document::Array>();
  const bool empty_list = list != nullptr && list->empty();  // PHP's way to write an empty map.
  if (empty_list && dialect == Dialect::kToxiproxy) return values;

  auto fields = Fields::of(*document, dialect, "attributes", type.attribute_names());
  if (!fields) return Fail(fields.error());
  for (std::size_t index = 0; index < type.attributes.size(); ++index) {
    const AttributeType& attribute = type.attributes[index];
    const Document* value = fields->find(attribute.name);
    if (value == nullptr) continue;
    const auto read = read_attribute(*value, attribute, dialect, all_bounded || attribute.is_extra);
    if (!read) return Fail(read.error());
    values[static_cast<int>(index)] = *read;
  }
  return values;
}

Result<void> set_stream(ToxicSpec& spec, const Document& place, Dialect dialect) {
  const auto is = [&](std::string_view stream) {
    return dialect == Dialect::kV1 ? spec.stream_text == stream
                                   : same_ignoring_case(spec.stream_text, stream);
  };
  if (is("upstream")) {
    spec.direction = Direction::kUpstream;
  } else if (is("downstream")) {
    spec.direction = Direction::kDownstream;
  } else {
    std::string hint;
    if (is_strict(dialect)) {
      hint = did_you_mean(spec.stream_text, {"upstream", "downstream"});
    }
    return wrong(place, "stream was invalid, can be either upstream or downstream" + hint);
  }
  return {};
}

Result<void> set_type(ToxicSpec& spec, const std::string& type, const Document& place,
                      Dialect dialect) {
  spec.type = find_toxic_type(type);
  if (spec.type != nullptr) return {};
  if (dialect == Dialect::kToxiproxy) return wrong(place, "invalid toxic type");
  if (type.empty()) return wrong(place, "missing required field: type");
  return wrong(place, "invalid toxic type `" + type + "`" + did_you_mean(type, toxic_type_names()));
}

/// `document`, or the value of `key` in it, to say where an error is.
const Document& place_of(const Fields& fields, std::string_view key, const Document& document) {
  const Document* value = fields.find(key);
  return value == nullptr ? document : *value;
}

Result<Fields> toxic_fields(const Document& document, Dialect dialect) {
  return Fields::of(document, dialect, "a toxic", toxic_keys());
}

Result<std::vector<ToxicSpec>> read_toxics(const Document* document, Dialect dialect) {
  std::vector<ToxicSpec> toxics;
  if (document == nullptr) return toxics;
  const auto* list = document->as<Document::Array>();
  if (list == nullptr) {
    return wrong_type(*document, dialect, "toxics must be a list, not " + describe(*document));
  }
  std::set<std::string> names;
  for (const Document& element : *list) {
    Result<ToxicSpec> toxic = decode_toxic(element, dialect);
    if (!toxic) {
      if (element.line > 0) return Fail(toxic.error());
      return within("toxic " + std::to_string(toxics.size() + 1), toxic.error());
    }
    if (!names.insert(toxic->name).second) {
      return wrong(element, "toxic `" + toxic->name + "` is given twice");
    }
    toxics.push_back(*std::move(toxic));
  }
  return toxics;
}

/// `zone` and `client_zone`, which Toxiproxy's clients do not know.
Result<std::pair<std::string, std::string>> read_zones(const Fields& fields, Dialect dialect) {
  if (!is_strict(dialect)) return std::pair<std::string, std::string>();
  auto zone = fields.text("zone");
  if (!zone) return Fail(zone.error());
  auto client_zone = fields.text("client_zone");
  if (!client_zone) return Fail(client_zone.error());
  return std::pair(zone->value_or(""), client_zone->value_or(""));
}

/// A proxy whose values have the right types; name and upstream may still be missing.
Result<ProxySpec> read_proxy(const Document& document, Dialect dialect) {
  auto fields = Fields::of(document, dialect, "a proxy", proxy_keys());
  if (!fields) return Fail(fields.error());
  const auto zones = read_zones(*fields, dialect);
  if (!zones) return Fail(zones.error());
  const auto name = fields->text("name");
  if (!name) return Fail(name.error());
  const auto listen = fields->text("listen");
  if (!listen) return Fail(listen.error());
  const auto upstream = fields->text("upstream");
  if (!upstream) return Fail(upstream.error());
  const auto enabled = fields->truth("enabled");
  if (!enabled) return Fail(enabled.error());
  const auto protocols = decode_protocols(*fields, dialect);
  if (!protocols) return Fail(protocols.error());
  auto toxics = read_toxics(fields->find("toxics"), dialect);
  if (!toxics) return Fail(toxics.error());
  const bool is_v1 = dialect == Dialect::kV1;
  return ProxySpec{.name = name->value_or(""),
                   .listen = listen->value_or(is_v1 ? "127.0.0.1:0" : ""),
                   .upstream = upstream->value_or(""),
                   .protocols = *protocols,
                   .enabled = enabled->value_or(true),
                   .zone = zones->first,
                   .client_zone = zones->second,
                   .toxics = *std::move(toxics)};
}

Result<void> check_required(const ProxySpec& proxy, const Document& place,
                            const std::string& suffix) {
  if (proxy.name.empty()) return wrong(place, "missing required field: name" + suffix);
  const auto checked = check_route(proxy.route(), proxy.listen);
  if (checked) return {};
  const auto fields = Fields::of(place, Dialect::kToxiproxy, "a proxy", {});
  const std::string key = checked.error().pointer.substr(1);
  const bool is_missing = proxy.upstream.empty() && key == "upstream";
  return wrong(!fields || is_missing ? place : place_of(*fields, key, place),
               checked.error().message + suffix);
}

/// Of our own API. Elsewhere an address is tried, or what it is is said with its line.
Result<void> check_addresses(const ProxySpec& proxy, const Document& document) {
  const auto fields = Fields::of(document, Dialect::kToxiproxy, "a proxy", {});
  if (!fields) return Fail(fields.error());
  for (const auto& [key, address] :
       {std::pair("listen", &proxy.listen), std::pair("upstream", &proxy.upstream)}) {
    if (address == &proxy.upstream && address->empty()) continue;  // Its clients say it.
    const auto checked = check_address(*address);
    if (checked) continue;
    const Document& place = place_of(*fields, key, document);
    return wrong(place, std::string(key) + ": " + checked.error().message);
  }
  return {};
}

}  // namespace

const std::vector<std::string>& proxy_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys = {"name", "listen", "upstream", "enabled", "toxics"};
    keys.insert(keys.end(), protocol_keys().begin(), protocol_keys().end());
    keys.insert(keys.end(), {"zone", "client_zone"});
    return keys;
  }();
  return kKeys;
}

Result<ProxySpec> decode_proxy(const Document& document, Dialect dialect) {
  auto proxy = read_proxy(document, dialect);
  if (!proxy) return proxy;
  if (auto checked = check_required(*proxy, document, ""); !checked) return Fail(checked.error());
  if (dialect == Dialect::kV1) {
    if (auto checked = check_addresses(*proxy, document); !checked) return Fail(checked.error());
  }
  return proxy;
}

Result<std::vector<ProxySpec>> decode_proxies(const Document& document, Dialect dialect) {
  std::vector<ProxySpec> proxies;
  if (document.is_null()) return proxies;
  const auto* list = document.as<Document::Array>();
  if (list == nullptr) {
    return wrong_type(document, dialect, "proxies must be a list, not " + describe(document));
  }
  // As Toxiproxy does: types of all entries first, then what is missing.
  for (const Document& element : *list) {
    auto proxy = read_proxy(element, dialect);
    if (!proxy) {
      Error error = proxy.error();
      if (element.line == 0) error.message += " at proxy " + std::to_string(proxies.size() + 1);
      return Fail(std::move(error));
    }
    proxies.push_back(*std::move(proxy));
  }
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    const std::string suffix = " at proxy " + std::to_string(i + 1);
    auto checked = check_required(proxies[i], (*list)[i], suffix);
    if (!checked) return Fail(checked.error());
  }
  return proxies;
}

Result<ProxyChange> decode_proxy_change(const Document& document, Dialect dialect) {
  auto fields = Fields::of(document, dialect, "a proxy", {"name", "listen", "upstream", "enabled"});
  if (!fields) return Fail(fields.error());
  if (auto name = fields->text("name"); !name) return Fail(name.error());
  auto listen = fields->text("listen");
  if (!listen) return Fail(listen.error());
  auto upstream = fields->text("upstream");
  if (!upstream) return Fail(upstream.error());
  auto enabled = fields->truth("enabled");
  if (!enabled) return Fail(enabled.error());
  return ProxyChange{*std::move(listen), *std::move(upstream), *enabled};
}

Result<ToxicSpec> decode_toxic_without_attributes(const Document& document, Dialect dialect) {
  auto fields = toxic_fields(document, dialect);
  if (!fields) return Fail(fields.error());
  const auto name = fields->text("name");
  if (!name) return Fail(name.error());
  const auto type = fields->text("type");
  if (!type) return Fail(type.error());
  const auto stream = fields->text("stream");
  if (!stream) return Fail(stream.error());
  const auto toxicity = read_toxicity(*fields, dialect);
  if (!toxicity) return Fail(toxicity.error());
  for (const char* of_reply : {"engine", "ends_at"}) {  // Ignored, but not of any type.
    const auto ignored = fields->text(of_reply);
    if (!ignored && is_strict(dialect)) return Fail(ignored.error());
  }

  ToxicSpec spec;
  spec.stream_text = stream->value_or("downstream");
  spec.toxicity = toxicity->value_or(1);
  auto checked = set_stream(spec, place_of(*fields, "stream", document), dialect);
  if (!checked) return Fail(checked.error());
  checked = set_type(spec, type->value_or(""), place_of(*fields, "type", document), dialect);
  if (!checked) return Fail(checked.error());
  spec.name = name->value_or("");
  if (spec.name.empty()) spec.name = spec.type->name + "_" + spec.stream_text;

  spec.attributes = spec.type->default_attributes();
  return spec;
}

Result<ToxicSpec> decode_toxic(const Document& document, Dialect dialect) {
  auto spec = decode_toxic_without_attributes(document, dialect);
  if (!spec) return spec;
  const auto fields = toxic_fields(document, dialect);
  if (!fields) return Fail(fields.error());
  const auto attributes = read_attributes(fields->find("attributes"), *spec->type, dialect);
  if (!attributes) return Fail(attributes.error());
  for (const auto& [index, value] : *attributes) spec->attributes.at(index) = value;
  auto match = decode_match(*fields, dialect);
  if (!match) return Fail(match.error());
  spec->match = *std::move(match);
  auto timing = decode_timing(*fields, *spec->type, dialect);
  if (!timing) return Fail(timing.error());
  spec->timing = *std::move(timing);
  auto life = decode_life(*fields, dialect);
  if (!life) return Fail(life.error());
  spec->life = *std::move(life);
  auto reach = decode_reach(*fields, dialect);
  if (!reach) return Fail(reach.error());
  spec->reach = *reach;
  if (const auto checked = check_reach(*spec); !checked) {
    return wrong(place_of(*fields, "affects", document), checked.error().message);
  }
  if (const auto checked = check_together(*spec); !checked) {
    const std::string where = spec->timing.ramp ? "ramp" : "attributes";
    return wrong(place_of(*fields, where, document), checked.error().message);
  }
  return spec;
}

const std::vector<std::string>& toxic_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys = {"name", "type", "stream", "toxicity", "attributes", "engine"};
    keys.insert(keys.end(), condition_keys().begin(), condition_keys().end());
    keys.insert(keys.end(), life_keys().begin(), life_keys().end());
    keys.insert(keys.end(), reach_keys().begin(), reach_keys().end());
    return keys;
  }();
  return kKeys;
}

Result<ToxicChange> decode_toxic_change(const Document& document, const ToxicSpec& toxic,
                                        Dialect dialect) {
  auto fields = Fields::of(document, dialect, "a toxic", {"toxicity", "attributes"});
  if (!fields) return Fail(fields.error());
  const auto toxicity = read_toxicity(*fields, dialect);
  if (!toxicity) return Fail(toxicity.error());
  auto attributes = read_attributes(fields->find("attributes"), *toxic.type, dialect);
  if (!attributes) return Fail(attributes.error());
  const auto kept = check_conditions_kept(*fields, toxic, dialect);
  if (!kept) return Fail(kept.error());
  ToxicChange change{.attributes = *std::move(attributes), .toxicity = *toxicity};
  const auto reach = decode_reach_change(*fields, toxic, dialect, change);
  if (!reach) return Fail(reach.error());
  return change;
}

}  // namespace faultline
