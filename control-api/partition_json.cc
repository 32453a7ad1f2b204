#include "control-api/partition_json.h"

#include <algorithm>
#include <array>

#include "base/quantities.h"
#include "control-api/json_writer.h"
#include "control-api/timing_json.h"
#include "control-api/v1_views.h"
#include "proxy/wall_time.h"
#include "toxics/words.h"

namespace faultline {

namespace {

std::string text_field(const std::string& key, const std::string& text) {
  return ",\"" + key + "\":" + json_string(text);
}

std::string list_field(const std::string& key, const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + json_string(text);
  return ",\"" + key + "\":[" + list + "]";
}

std::string count_field(const std::string& key, std::uint64_t count) {
  return ",\"" + key + "\":" + std::to_string(count);
}

std::string shape_fields(const PartitionShape& shape) {
  std::string out = text_field("shape", std::string(to_string(shape.kind)));
  if (shape.kind != PartitionShape::Kind::kFromTo) return out + list_field("zones", shape.zones);
  return out + list_field("from", shape.from) + list_field("to", shape.to) +
         text_field("direction", std::string(to_string(shape.direction)));
}

std::string attributes_field(const PartitionSpec& partition) {
  if (cuts(partition.mode)) return "";
  const ToxicSpec& fault = partition.fault;
  std::string out;
  for (std::size_t i = 0; i < fault.attributes.size(); ++i) {
    const AttributeType& type = fault.type->attributes[i];
    if (type.quantity == Quantity::kSamples && fault.attributes[i].text().empty()) continue;
    out += (out.empty() ? "" : ",") + json_string(type.name) + ":" +
           attribute_json(type, fault.attributes[i]);
  }
  return ",\"attributes\":{" + out + "}";
}

std::string flap_field(const std::optional<OnOff>& flap) {
  if (!flap) return "";
  std::string out = R"(,"flap":{"on":)" + json_string(duration_text(flap->on)) + R"(,"off":)" +
                    json_string(duration_text(flap->off));
  if (flap->jitter > Duration(0)) out += text_field("jitter", duration_text(flap->jitter));
  return out + "}";
}

std::string limits_field(const ToxicLimits& limits) {
  std::string out;
  if (limits.max_connections) out += count_field("max_connections", *limits.max_connections);
  if (limits.max_bytes_delayed) out += count_field("max_bytes_delayed", *limits.max_bytes_delayed);
  return out.empty() ? "" : R"(,"limits":{)" + out.substr(1) + "}";
}

std::string fault_fields(const ToxicSpec& fault) {
  constexpr std::array kScopes = {"both", "new", "open"};
  const double share = fault.match.share ? fault.match.share->share : 1;
  return text_field("connections", share_text(share)) +
         text_field("scope", kScopes.at(static_cast<std::size_t>(fault.reach.affects))) +
         text_field("heal", fault.reach.on_remove == OnRemove::kReset ? "reset" : "resume") +
         flap_field(fault.timing.pulse) + R"(,"shadow":)" +
         (fault.reach.shadow ? "true" : "false") + limits_field(fault.reach.limits);
}

std::string life_fields(const ToxicLife& life) {
  std::string out =
      text_field("ttl", life.ttl && *life.ttl < kLongest ? duration_text(*life.ttl) : "none");
  if (life.ends != kNever) out += text_field("ends_at", rfc3339(life.ends_at));
  if (!life.lease.empty()) out += text_field("lease", life.lease);
  if (!life.owner.empty()) out += text_field("owner", life.owner);
  if (!life.reason.empty()) out += text_field("reason", life.reason);
  return out;
}

std::string links_field(const ZoneLinks& links, const ZoneMap& zones) {
  std::string out;
  for (const auto& [from, to] : links) {
    out += (out.empty() ? "" : ",") + std::string(R"({"from":)") +
           json_string(zones.name_of(from)) + R"(,"to":)" + json_string(zones.name_of(to)) + "}";
  }
  return R"(,"links":[)" + out + "]";
}

std::string engines_field(const std::vector<PartitionEngine>& engines) {
  std::string list;
  std::string all;
  for (const PartitionEngine& engine : engines) {
    const std::string name(to_string(engine.engine));
    const std::string dialling = engine.at_listener ? "kernel" : "user-space";
    list += (list.empty() ? "" : ",") + std::string(R"({"proxy":)") + json_string(engine.proxy) +
            R"(,"open":)" + json_string(name) + R"(,"new":)" + json_string(dialling) + "}";
    const std::string both = name == dialling ? name : "mixed";
    all = all.empty() || all == both ? both : "mixed";
  }
  return R"(,"engine":)" + json_string(all.empty() ? "none" : all) + R"(,"engines":[)" + list + "]";
}

/// Where the kernel answers those who dial.
std::vector<std::string> uncounted_on(const LivePartition& partition) {
  std::vector<std::string> proxies;
  if (partition.spec.mode != PartitionMode::kRefuse) return proxies;
  for (const PartitionEngine& engine : partition.engines) {
    if (engine.at_listener) proxies.push_back(engine.proxy);
  }
  return proxies;
}

std::string pair_json(const PairStatus& pair) {
  return R"({"client":)" + json_string(pair.client) + R"(,"destination":)" +
         json_string(pair.destination) + count_field("matched", pair.matched) +
         count_field("cut", pair.open) + count_field("refused", pair.refused) +
         count_field("applied", pair.applied) +
         count_field("crossed_connections", pair.crossed_connections) +
         count_field("crossed_bytes", pair.crossed_bytes) + "}";
}

/// Whether the cut has kept the client out; null: nobody was to be kept out, or it says nothing.
std::string kept_out_json(const ProbeResult& probe, const PartitionSpec& partition) {
  const bool is_known =
      probe.outcome != ProbeOutcome::kNotProbed && probe.outcome != ProbeOutcome::kPending;
  if (!is_known || !cuts_all_new(partition)) return "null";
  return probe.outcome == ProbeOutcome::kAnswered ? "false" : "true";
}

std::string probe_json(const ProbeResult& probe, const PartitionSpec& partition) {
  return R"({"client":)" + json_string(probe.client) + R"(,"destination":)" +
         json_string(probe.destination) + R"(,"proxy":)" + json_string_or_null(probe.proxy) +
         R"(,"from":)" + json_string_or_null(probe.from) +
         text_field("outcome", std::string(to_string(probe.outcome))) + R"(,"after_ms":)" +
         milliseconds_text(probe.after) + R"(,"kept_out":)" + kept_out_json(probe, partition) +
         R"(,"why":)" + json_string_or_null(probe.why) + "}";
}

std::string probes_json(const LivePartition& partition) {
  std::string list;
  for (const ProbeResult& probe : partition.probes) {
    list += (list.empty() ? "" : ",") + probe_json(probe, partition.spec);
  }
  return "[" + list + "]";
}

}  // namespace

std::string partition_json(const LivePartition& partition, const ZoneMap& zones) {
  const PartitionSpec& spec = partition.spec;
  return R"({"name":)" + json_string(spec.name) + shape_fields(spec.shape) +
         text_field("mode", std::string(to_string(spec.mode))) + attributes_field(spec) +
         fault_fields(spec.fault) + life_fields(spec.fault.life) +
         links_field(partition.links, zones) + engines_field(partition.engines) + "}";
}

std::string partition_effect_json(const LivePartition& partition, std::uint64_t dropped_packets) {
  PairStatus all;
  std::string pairs;
  for (const PairStatus& pair : partition.pairs()) {
    all.matched += pair.matched;
    all.open += pair.open;
    all.refused += pair.refused;
    all.applied += pair.applied;
    all.crossed_connections += pair.crossed_connections;
    all.crossed_bytes += pair.crossed_bytes;
    pairs += (pairs.empty() ? "" : ",") + pair_json(pair);
  }
  return R"({"partition":)" + json_string(partition.spec.name) +
         text_field("since", rfc3339(partition.since)) + R"(,"in_force_after_ms":)" +
         milliseconds_text(partition.took) + count_field("matched", all.matched + dropped_packets) +
         count_field("cut", all.open) + count_field("refused", all.refused) +
         list_field("refused_uncounted", uncounted_on(partition)) +
         count_field("dropped_packets", dropped_packets) + count_field("applied", all.applied) +
         count_field("crossed", all.crossed_connections + all.crossed_bytes) +
         count_field("crossed_connections", all.crossed_connections) +
         count_field("crossed_bytes", all.crossed_bytes) + R"(,"pairs":[)" + pairs +
         R"(],"probes":)" + probes_json(partition) + "}";
}

std::string recovery_json(const Recovery& recovery) {
  std::string links;
  std::optional<Duration> first;
  for (const Recovery::Link& link : recovery.links()) {
    const auto& after = link.first_byte_after;
    if (after) first = std::min(first.value_or(*after), *after);
    links += (links.empty() ? "" : ",") + std::string(R"({"from":)") + json_string(link.from) +
             R"(,"to":)" + json_string(link.to) + count_field("kept_apart", link.kept_apart) +
             R"(,"first_byte_after_ms":)" + (after ? milliseconds_text(*after) : "null") + "}";
  }
  std::string seconds;
  std::uint64_t reconnects = 0;
  for (const std::uint64_t count : recovery.reconnects()) {
    seconds += (seconds.empty() ? "" : ",") + std::to_string(count);
    reconnects += count;
  }
  return R"({"partition":)" + json_string(recovery.partition()) +
         text_field("healed_at", rfc3339(recovery.healed())) + R"(,"watched_ms":)" +
         milliseconds_text(recovery.watched()) + R"(,"state":")" +
         (recovery.is_over() ? "over" : "watching") + R"(","cut_all":)" +
         (recovery.cuts_all() ? "true" : "false") + R"(,"first_byte_after_ms":)" +
         (first ? milliseconds_text(*first) : "null") + R"(,"links":[)" + links + "]" +
         count_field("reconnects", reconnects) + R"(,"reconnects_per_second":[)" + seconds + "]}";
}

std::string zone_json(const ZoneSpec& zone) {
  std::vector<std::string> cidrs;
  for (const IpPrefix& cidr : zone.cidrs) cidrs.push_back(cidr.text());
  return R"({"name":)" + json_string(zone.name) + list_field("cidrs", cidrs) + "}";
}

}  // namespace faultline
