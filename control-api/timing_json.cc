#include "control-api/timing_json.h"

#include <cmath>

#include "base/quantities.h"
#include "control-api/json_writer.h"

namespace faultline {

namespace {

std::string duration_json(Duration duration) {
  return json_string(duration_text(duration));
}

std::string turns_json(const std::string& key, const std::optional<OnOff>& turns) {
  if (!turns) return "";
  std::string out = ",\"" + key + R"(":{"on":)" + duration_json(turns->on) + R"(,"off":)" +
                    duration_json(turns->off);
  if (turns->jitter > Duration(0)) out += R"(,"jitter":)" + duration_json(turns->jitter);
  return out + "}";
}

std::string bytes_json(std::uint64_t bytes) {
  return json_string(std::to_string(bytes) + "B");
}

std::string ramp_json(const ToxicSpec& toxic) {
  if (!toxic.timing.ramp) return "";
  const ToxicRamp& ramp = *toxic.timing.ramp;
  const AttributeType& attribute = toxic.type->attributes[static_cast<std::size_t>(ramp.attribute)];
  const auto text = [&](double value) {
    const auto stored = attribute.from_number(value);
    return attribute.text_of(stored.value_or(AttributeValue(attribute.default_value)));
  };
  return R"(,"ramp":{"attribute":)" + json_string(attribute.name) + R"(,"from":)" +
         text(ramp.values.from) + R"(,"to":)" + text(ramp.values.to) + R"(,"over":)" +
         duration_json(ramp.values.over) + "}";
}

/// A list of prefixes, or of other patterns that have a text.
template <class Pattern>
std::string patterns_json(const std::string& key, const std::vector<Pattern>& patterns) {
  if (patterns.empty()) return "";
  std::string list;
  for (const Pattern& pattern : patterns) {
    list += (list.empty() ? "" : ",") + json_string(pattern.text());
  }
  return ",\"" + key + "\":[" + list + "]";
}

/// By address, then by zone.
std::string clients_json(const ToxicMatch& match) {
  std::string list;
  for (const IpPrefix& prefix : match.clients) {
    list += (list.empty() ? "" : ",") + json_string(prefix.text());
  }
  for (const std::string& zone : match.client_zones) {
    list += (list.empty() ? "" : ",") + json_string(zone);
  }
  return list.empty() ? "" : R"(,"clients":[)" + list + "]";
}

}  // namespace

std::string share_json(double share) {
  static const AttributeType kShare{
      .name = "", .unit = "", .summary = "", .quantity = Quantity::kProbability};
  return kShare.text_of(std::llround(share * AttributeValue::kMillion));
}

std::string match_json(const ToxicMatch& match) {
  std::string out = clients_json(match);
  out += patterns_json("not_clients", match.not_clients);
  out += patterns_json("destinations", match.destinations);
  if (match.share) {
    out += R"(,"connections":)" + share_json(match.share->share);
    if (match.share->by == ConnectionShare::By::kClient) out += R"(,"by":"client")";
  }
  if (match.count.after > 0) out += R"(,"after":)" + std::to_string(match.count.after);
  if (match.count.first > 0) out += R"(,"first":)" + std::to_string(match.count.first);
  if (match.count.every > 0) out += R"(,"every":)" + std::to_string(match.count.every);
  return out.empty() ? "" : R"(,"match":{)" + out.substr(1) + "}";
}

std::string reach_json(const ToxicReach& reach) {
  std::string out;
  if (reach.affects == Scope::kNew) out += R"(,"affects":"new")";
  if (reach.affects == Scope::kOpen) out += R"(,"affects":"open")";
  if (reach.on_remove == OnRemove::kClose) out += R"(,"on_remove":"close")";
  if (reach.on_remove == OnRemove::kReset) out += R"(,"on_remove":"reset")";
  if (reach.shadow) out += R"(,"shadow":true)";
  std::string limits;
  const auto add = [&](const std::string& key, const std::string& value) {
    limits += (limits.empty() ? "\"" : ",\"") + key + "\":" + value;
  };
  const ToxicLimits& set = reach.limits;
  if (set.max_connections) add("max_connections", std::to_string(*set.max_connections));
  if (set.max_share) add("max_share", share_json(*set.max_share));
  if (set.max_bytes_delayed) add("max_bytes_delayed", std::to_string(*set.max_bytes_delayed));
  return limits.empty() ? out : out + R"(,"limits":{)" + limits + "}";
}

std::string timing_json(const ToxicSpec& toxic) {
  const ToxicTiming& timing = toxic.timing;
  std::string out = turns_json("pulse", timing.pulse) + turns_json("poisson", timing.poisson);
  if (timing.time.after > Duration(0)) out += R"(,"after":)" + duration_json(timing.time.after);
  if (timing.bytes && timing.bytes->after > 0) {
    out += R"(,"after":)" + bytes_json(timing.bytes->after);
  }
  if (timing.time.until) out += R"(,"until":)" + duration_json(*timing.time.until);
  if (timing.bytes && timing.bytes->until) out += R"(,"until":)" + bytes_json(*timing.bytes->until);
  return out + ramp_json(toxic);
}

}  // namespace faultline
