#include "control-api/v1_views.h"

#include <algorithm>

#include "base/quantities.h"
#include "base/verify.h"
#include "control-api/timing_json.h"
#include "proxy/wall_time.h"
#include "toxics/words.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// Whom it is for and when, as the decoder takes it.
Json conditions_of(const ToxicSpec& toxic) {
  std::string text = match_json(toxic.match) + timing_json(toxic) + reach_json(toxic.reach);
  if (text.empty()) return Json::object();
  text.front() = '{';
  Json conditions = Json::parse(text + "}", nullptr, false);
  VERIFY(!conditions.is_discarded());
  for (const auto& [part, key] :
       {std::pair("match", "connections"), std::pair("limits", "max_share")}) {
    if (!conditions.contains(part) || !conditions[part].contains(key)) continue;
    Json& share = conditions[part][key];
    share = share_text(share.get<double>());
  }
  if (toxic.timing.ramp) {
    const ToxicRamp& ramp = *toxic.timing.ramp;
    const AttributeType& type = toxic.type->attributes[static_cast<std::size_t>(ramp.attribute)];
    for (const auto& [key, number] :
         {std::pair("from", ramp.values.from), std::pair("to", ramp.values.to)}) {
      const auto stored = type.from_number(number);
      conditions["ramp"][key] =
          attribute_view(type, stored.value_or(AttributeValue(type.default_value)));
    }
  }
  return conditions;
}

void add_life(Json& view, const ToxicLife& life) {
  const bool has_end = life.ends != kNever;
  view["ttl"] = life.ttl && *life.ttl != kLongest ? duration_text(*life.ttl) : "none";
  if (has_end) view["ends_at"] = rfc3339(life.ends_at);
  for (const auto& [key, text] : {std::pair("lease", &life.lease), std::pair("owner", &life.owner),
                                  std::pair("reason", &life.reason)}) {
    if (!text->empty()) view[key] = *text;
  }
}

}  // namespace

Json attribute_view(const AttributeType& type, const AttributeValue& value) {
  const std::string text = type.text_with_unit(value);
  const bool is_percent = type.quantity == Quantity::kProbability && value.number >= 0;
  if (type.is_text() || type.needs_unit() || is_percent) return text;
  if (type.quantity == Quantity::kWhole) return value.number;
  return value.decimal();
}

std::string attribute_json(const AttributeType& type, const AttributeValue& value) {
  return attribute_view(type, value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json toxic_view(const ToxicSpec& toxic) {
  Json view;
  view["name"] = toxic.name;
  view["type"] = toxic.type->name;
  view["stream"] = to_string(toxic.direction);
  view["toxicity"] = share_text(std::clamp(static_cast<double>(toxic.toxicity), 0.0, 1.0));
  view["attributes"] = Json::object();
  for (std::size_t i = 0; i < toxic.attributes.size(); ++i) {
    const AttributeType& type = toxic.type->attributes[i];
    const bool is_empty_text =
        type.quantity == Quantity::kSamples && toxic.attributes[i].text().empty();
    if (!is_empty_text) view["attributes"][type.name] = attribute_view(type, toxic.attributes[i]);
  }
  const Json conditions = conditions_of(toxic);
  for (const auto& [key, value] : conditions.items()) view[key] = value;
  add_life(view, toxic.life);
  if (toxic.engine) view["engine"] = to_string(*toxic.engine);
  return view;
}

Json proxy_view(const ProxySpec& proxy) {
  const Protocols& protocols = proxy.protocols;
  Json view;
  view["name"] = proxy.name;
  view["listen"] = proxy.listen;
  view["upstream"] = proxy.upstream;
  view["protocol"] = to_string(protocols.protocol);
  view["accept_proxy_protocol"] = protocols.accepts_header;
  view["send_proxy_protocol"] =
      protocols.sends_header ? to_string(*protocols.sends_header) : "none";
  view["enabled"] = proxy.enabled;
  if (!proxy.zone.empty()) view["zone"] = proxy.zone;
  if (!proxy.client_zone.empty()) view["client_zone"] = proxy.client_zone;
  view["toxics"] = Json::array();
  for (const ToxicSpec& toxic : proxy.toxics) view["toxics"].push_back(toxic_view(toxic));
  return view;
}

HttpResponse v1_json(int status, const Json& body) {
  return v1_json_text(status, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

HttpResponse v1_json_text(int status, const std::string& body) {
  return {status, {{"Content-Type", "application/json"}}, body + "\n"};
}

}  // namespace faultline
