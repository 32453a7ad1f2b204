#include "proxy/partition_decoder.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/nearest_name.h"
#include "proxy/fields.h"
#include "proxy/life_decoder.h"
#include "proxy/reach_decoder.h"
#include "proxy/timing_decoder.h"

namespace faultline {

namespace {

/// What `slow` and `lossy` are where nothing is said: AWS FIS's cross-AZ slowdown loses 15 %.
constexpr const char* kPresetLatency = "200ms";
constexpr const char* kPresetLoss = "15%";

/// A zone, or a list of them, at `key`.
Result<std::vector<std::string>> names_at(const Fields& fields, const std::string& key,
                                          Dialect dialect) {
  std::vector<std::string> names;
  const Document* value = fields.find(key);
  if (value == nullptr) return names;
  if (const auto* one = value->as<std::string>()) return std::vector<std::string>{*one};
  const auto* list = value->as<Document::Array>();
  if (list == nullptr) {
    return wrong_type(*value, dialect,
                      key + " must be a zone or a list of zones, not " + describe(*value));
  }
  for (const Document& element : *list) {
    const auto* name = element.as<std::string>();
    if (name == nullptr) {
      return wrong_type(element, dialect, key + " must list zones, not " + describe(element));
    }
    names.push_back(*name);
  }
  return names;
}

/// Which of `keys` the document has that do not go with its shape.
Result<void> has_none(const Fields& fields, const std::vector<std::string>& keys,
                      const std::string& why) {
  for (const std::string& key : keys) {
    if (const Document* value = fields.find(key)) return wrong(*value, key + why);
  }
  return {};
}

Result<PartitionShape> decode_shape(const Fields& fields, const Document& document,
                                    Dialect dialect) {
  PartitionShape shape;
  const auto kind = decode_word(fields, "shape", shape_names(), dialect);
  if (!kind) return Fail(kind.error());
  if (*kind) shape.kind = static_cast<PartitionShape::Kind>(**kind);
  if (shape.kind == PartitionShape::Kind::kFromTo) {
    const auto none = has_none(fields, {"zones"}, " goes with a shape: say `from` and `to`");
    if (!none) return Fail(none.error());
    auto from = names_at(fields, "from", dialect);
    if (!from) return Fail(from.error());
    auto to = names_at(fields, "to", dialect);
    if (!to) return Fail(to.error());
    const auto direction = decode_word(fields, "direction", direction_names(), dialect);
    if (!direction) return Fail(direction.error());
    shape.from = *std::move(from);
    shape.to = *std::move(to);
    if (*direction) shape.direction = static_cast<PartitionShape::Direction>(**direction);
    if (!shape.from.empty() && !shape.to.empty()) return shape;
    return wrong(document, std::string("missing required field: ") +
                               (shape.from.empty() ? "from" : "to") +
                               "; or say `shape` and `zones`, such as isolate");
  }
  const std::string name(to_string(shape.kind));
  const auto none = has_none(fields, {"from", "to", "direction"},
                             " does not go with shape " + name + ", which has `zones`");
  if (!none) return Fail(none.error());
  auto zones = names_at(fields, "zones", dialect);
  if (!zones) return Fail(zones.error());
  if (zones->empty()) return wrong(document, "missing required field: zones, of shape " + name);
  shape.zones = *std::move(zones);
  return shape;
}

/// Adds how slow or lossy it is, unless that is said, in one way or another.
void add_preset(Document::Object& attributes, PartitionMode mode) {
  static const std::set<std::string_view> kSaySo = {"latency", "samples", "loss", "p"};
  const bool is_said = std::any_of(attributes.begin(), attributes.end(),
                                   [](const auto& one) { return kSaySo.count(one.first) > 0; });
  if (is_said) return;
  const bool is_slow = mode == PartitionMode::kSlow;
  attributes.emplace_back(is_slow ? "latency" : "loss",
                          Document{.value = std::string(is_slow ? kPresetLatency : kPresetLoss)});
}

/// The attributes of what `mode` does, by the decoder of toxics.
Result<Attributes> decode_attributes(const Fields& fields, PartitionMode mode, Dialect dialect) {
  const Document* given = fields.find("attributes");
  const bool has_some = mode == PartitionMode::kSlow || mode == PartitionMode::kLossy;
  if (given != nullptr && !has_some) {
    const auto* map = given->as<Document::Object>();
    if (map == nullptr || !map->empty()) {
      return wrong(*given, "attributes are for the modes slow and lossy, not for " +
                               std::string(to_string(mode)));
    }
  }
  const ToxicType& type = toxic_type_of(mode);
  if (!has_some) return type.default_attributes();
  Document attributes = given == nullptr ? Document{.value = Document::Object{}} : *given;
  if (auto* map = std::get_if<Document::Object>(&attributes.value)) add_preset(*map, mode);
  Document toxic;
  toxic.value = Document::Object{{"type", Document{.value = type.name}},
                                 {"attributes", std::move(attributes)}};
  auto decoded = decode_toxic(toxic, dialect);
  if (!decoded) return Fail(decoded.error());
  return std::move(decoded->attributes);
}

/// What it does to each connection: all but its attributes, life and name.
Result<void> decode_reach_of(const Fields& fields, Dialect dialect, ToxicSpec& fault) {
  if (const Document* share = fields.find("connections")) {
    const auto decoded = decode_share(*share, "connections", dialect);
    if (!decoded) return Fail(decoded.error());
    if (!(*decoded > 0)) return wrong(*share, "connections: a partition for none of them is none");
    if (*decoded < 1) fault.match.share = ConnectionShare{.share = *decoded};
  }
  const auto scope = decode_word(fields, "scope", {"both", "new", "open"}, dialect);
  if (!scope) return Fail(scope.error());
  constexpr std::array kScopes = {Scope::kBoth, Scope::kNew, Scope::kOpen};
  if (*scope) fault.reach.affects = kScopes.at(**scope);
  const auto heal = decode_word(fields, "heal", {"resume", "reset"}, dialect);
  if (!heal) return Fail(heal.error());
  if (*heal == 1U) fault.reach.on_remove = OnRemove::kReset;
  const auto shadow = fields.truth("shadow");
  if (!shadow) return Fail(shadow.error());
  fault.reach.shadow = shadow->value_or(false);
  const auto limits = decode_limits(fields, dialect);
  if (!limits) return Fail(limits.error());
  fault.reach.limits = *limits;
  if (limits->max_share) {
    return wrong(*fields.find("limits"),
                 "limits.max_share is for toxics: a partition is for a "
                 "share of its connections by `connections`");
  }
  const auto flap = decode_turns(fields, "flap", dialect);
  if (!flap) return Fail(flap.error());
  fault.timing.pulse = *flap;
  return {};
}

std::string preset_name(const PartitionShape& shape) {
  const bool is_from_to = shape.kind == PartitionShape::Kind::kFromTo;
  std::string name = is_from_to ? "" : std::string(to_string(shape.kind));
  const auto add = [&](const std::vector<std::string>& zones) {
    for (const std::string& zone : zones) {
      name += (name.empty() ? "" : "-") + (zone == kEverythingElse ? "all" : zone);
    }
  };
  add(shape.from);
  if (is_from_to) name += "-to";
  add(shape.to);
  add(shape.zones);
  constexpr std::size_t kLongest = 63;
  return name.substr(0, kLongest);
}

/// What an answer says beside what was asked for may be sent back, and says nothing.
Result<void> check_reply_fields(const Fields& fields) {
  if (const auto engine = fields.text("engine"); !engine) return Fail(engine.error());
  for (const char* key : {"links", "engines"}) {
    const Document* const value = fields.find(key);
    if (value == nullptr || value->as<Document::Array>() != nullptr) continue;
    return wrong(*value,
                 std::string(key) + " is a list in an answer, and nothing is asked for by it");
  }
  return {};
}

}  // namespace

const std::vector<std::string>& partition_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys = {"name",      "shape",  "zones",      "from",        "to",
                                     "direction", "mode",   "attributes", "connections", "scope",
                                     "heal",      "flap",   "shadow",     "limits",      "links",
                                     "engine",    "engines"};
    keys.insert(keys.end(), life_keys().begin(), life_keys().end());
    return keys;
  }();
  return kKeys;
}

Result<PartitionSpec> decode_partition(const Document& document, Dialect dialect) {
  const auto fields = Fields::of(document, dialect, "a partition", partition_keys());
  if (!fields) return Fail(fields.error());
  for (const std::string& key : partition_keys()) {
    const Document* nothing = fields->find_null(key);
    if (nothing != nullptr) return wrong(*nothing, key + " has no value");
  }
  if (const auto may = check_reply_fields(*fields); !may) return Fail(may.error());
  PartitionSpec partition;
  auto shape = decode_shape(*fields, document, dialect);
  if (!shape) return Fail(shape.error());
  partition.shape = *std::move(shape);
  const auto mode = decode_word(*fields, "mode", partition_mode_names(), dialect);
  if (!mode) return Fail(mode.error());
  if (*mode) partition.mode = static_cast<PartitionMode>(**mode);

  const auto name = fields->text("name");
  if (!name) return Fail(name.error());
  partition.name = name->value_or(preset_name(partition.shape));
  if (const auto checked = check_zone_name(partition.name); !checked) {
    const Document* place = fields->find("name");
    return wrong(place == nullptr ? document : *place,
                 "name: a partition is named as zones are: " + checked.error().message);
  }
  ToxicSpec& fault = partition.fault;
  fault.name = partition.name;
  fault.type = &toxic_type_of(partition.mode);
  auto attributes = decode_attributes(*fields, partition.mode, dialect);
  if (!attributes) return Fail(attributes.error());
  fault.attributes = *std::move(attributes);
  if (const auto reach = decode_reach_of(*fields, dialect, fault); !reach) {
    return Fail(reach.error());
  }
  auto life = decode_life(*fields, dialect);
  if (!life) return Fail(life.error());
  fault.life = *std::move(life);
  return partition;
}

}  // namespace faultline
