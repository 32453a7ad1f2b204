// The operations of /v1 on the server itself: what it can do, what it is doing.

#include <algorithm>

#include "base/quantities.h"
#include "control-api/partition_json.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_life.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_schemas.h"
#include "control-api/v1_views.h"
#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json type_view(const ToxicType& type) {
  return {{"name", type.name},
          {"summary", type.summary},
          {"toxiproxy", type.is_toxiproxys},
          {"works_on", type.usual_links() == Links::kOwn ? "stream" : "connection"},
          {"attributes", v1_attributes_schema(type)}};
}

Json histogram_view(const DurationHistogram::Snapshot& histogram) {
  std::uint64_t count = 0;
  Json buckets = Json::array();
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    count += histogram.counts[i];
    const bool is_last = i == DurationHistogram::kBuckets;
    buckets.push_back(
        {{"le_seconds", is_last ? Json(nullptr) : Json(DurationHistogram::kBounds[i])},
         {"count", histogram.counts[i]}});
  }
  return {{"count", count}, {"sum_seconds", histogram.sum_seconds}, {"buckets", buckets}};
}

Json by_direction(const std::uint64_t (&bytes)[2]) {
  return {{"upstream", bytes[static_cast<std::size_t>(Direction::kUpstream)]},
          {"downstream", bytes[static_cast<std::size_t>(Direction::kDownstream)]}};
}

Json stats_view(const ProxyStats& proxy) {
  Json toxics = Json::array();
  for (const ToxicStats& toxic : proxy.toxics) {
    toxics.push_back({{"name", toxic.name},
                      {"type", toxic.type},
                      {"stream", to_string(toxic.direction)},
                      {"connections", toxic.connections},
                      {"met", toxic.met},
                      {"matched", toxic.matched},
                      {"applied", toxic.applied},
                      {"acts_on_listener", toxic.acts_on_listener},
                      {"delayed_bytes", toxic.delayed_bytes},
                      {"dropped_bytes", toxic.dropped_bytes},
                      {"delayed", histogram_view(toxic.delay)},
                      {"late", histogram_view(toxic.error)}});
  }
  return {{"name", proxy.name},
          {"connections_total", proxy.connections_total},
          {"connections_active", proxy.connections_active},
          {"dial_errors", proxy.dial_errors},
          {"accept_errors", proxy.accept_errors},
          {"greeting_errors", proxy.greeting_errors},
          {"received_bytes", by_direction(proxy.received_bytes)},
          {"sent_bytes", by_direction(proxy.sent_bytes)},
          {"toxics", toxics}};
}

/// That it ends when it would have, by its own time or its lease's: that is not to be had in a
/// file.
void say_end(Json& fault, const ToxicLife& life, const Leases& leases) {
  const Lease* lease = life.lease.empty() ? nullptr : leases.find(life.lease, clock_now());
  fault.erase("lease");
  say_time_left(fault, lease == nullptr ? life.ends : std::min(life.ends, lease->ends));
}

}  // namespace

Result<HttpResponse> v1_list_toxic_types(const V1Call& /*call*/) {
  Json types = Json::array();
  for (const ToxicType& type : toxic_catalog()) types.push_back(type_view(type));
  return v1_json(200, {{"toxic_types", types}});
}

Result<HttpResponse> v1_get_toxic_type(const V1Call& call) {
  const ToxicType* type = find_toxic_type(call.captured.at(0));
  if (type == nullptr) return no_such("toxic type", call.captured.at(0), toxic_type_names());
  return v1_json(200, type_view(*type));
}

Result<HttpResponse> v1_get_capabilities(const V1Call& call) {
  const V1Settings& settings = call.settings;
  return v1_json(200, {{"version", FAULTLINE_VERSION},
                       {"toxiproxy", "2.12.0"},
                       {"seed", std::to_string(call.registry.seed())},
                       {"workers", call.workers.size()},
                       {"packet_filters", call.workers.may_filter_packets()},
                       {"default_ttl", duration_text(settings.default_ttl)},
                       {"max_ttl", duration_text(settings.max_ttl)},
                       {"may_have_no_end", settings.may_have_no_end},
                       {"toxic_types", toxic_type_names()}});
}

Result<HttpResponse> v1_get_stats(const V1Call& call) {
  Json proxies = Json::array();
  for (const ProxyStats& proxy : call.registry.stats()) proxies.push_back(stats_view(proxy));
  const Workers::Memory memory = call.workers.memory();
  return v1_json(200, {{"proxies", proxies},
                       {"held_bytes", memory.held_bytes},
                       {"memory_limit_bytes", memory.limit_bytes}});
}

Result<HttpResponse> v1_get_config(const V1Call& call) {
  Json proxies = Json::array();
  for (const ProxySpec* proxy : call.registry.list()) {
    Json view = proxy_view(*proxy);
    for (std::size_t i = 0; i < proxy->toxics.size(); ++i) {
      say_end(view["toxics"][i], proxy->toxics[i].life, call.state.leases);
    }
    proxies.push_back(view);
  }
  Json config = {{"version", 1}};
  const Partitions& partitions = call.registry.partitions();
  for (const ZoneSpec& zone : partitions.zones().zones()) {
    Json view = Json::parse(zone_json(zone), nullptr, false);
    view.erase("name");
    config["zones"][zone.name] = view;
  }
  config["proxies"] = proxies;
  for (const auto& [name, partition] : partitions.all()) {
    Json view = Json::parse(partition_json(partition, partitions.zones()), nullptr, false);
    say_end(view, partition.spec.fault.life, call.state.leases);
    config["partitions"].push_back(view);
  }
  return v1_json(200, config);
}

}  // namespace faultline
