#include "control-api/event.h"

#include <algorithm>

#include "base/timestamp.h"
#include "control-api/json_writer.h"
#include "control-api/partition_json.h"

namespace faultline {

namespace {

std::string_view type_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kProxyCreated:
      return "proxy.created";
    case Change::Kind::kProxyChanged:
      return "proxy.changed";
    case Change::Kind::kProxyRemoved:
      return "proxy.removed";
    case Change::Kind::kToxicStarted:
      return "toxic.started";
    case Change::Kind::kToxicChanged:
      return "toxic.changed";
    case Change::Kind::kToxicEnded:
      return "toxic.ended";
    case Change::Kind::kPartitionStarted:
      return "partition.started";
    case Change::Kind::kPartitionChanged:
      return "partition.changed";
    case Change::Kind::kPartitionEnded:
      return "partition.ended";
    case Change::Kind::kZonesChanged:
      return "zones.changed";
  }
  return "unknown";
}

std::string optional_field(const std::string& key, const std::string& text) {
  return text.empty() ? "" : ",\"" + key + "\":" + json_string(text);
}

/// A proxy without its toxics, which have events of their own.
std::string bare_proxy_json(const ProxySpec& proxy) {
  std::string json = R"({"name":)" + json_string(proxy.name) + R"(,"listen":)" +
                     json_string(proxy.listen) + R"(,"upstream":)" + json_string(proxy.upstream);
  const Protocols& protocols = proxy.protocols;
  if (!protocols.has_upstream()) {
    json += R"(,"protocol":)" + json_string(to_string(protocols.protocol));
  }
  if (protocols.accepts_header) json += R"(,"accept_proxy_protocol":true)";
  if (protocols.sends_header) {
    json += R"(,"send_proxy_protocol":)" + json_string(to_string(*protocols.sends_header));
  }
  json += R"(,"enabled":)" + std::string(proxy.enabled ? "true" : "false");
  return json + optional_field("zone", proxy.zone) +
         optional_field("client_zone", proxy.client_zone) + "}";
}

std::string json_or_null(const std::string& json) {
  return json.empty() ? "null" : json;
}

const std::string& run_of(const EventDraft& draft) {
  return draft.run.empty() ? draft.cause.run : draft.run;
}

std::string envelope(std::uint64_t seq, const EventDraft& draft) {
  std::string json = R"({"seq":)" + std::to_string(seq);
  json += R"(,"time":")" + timestamp_now() + '"';
  json += R"(,"type":)" + json_string(draft.type);
  json += R"(,"proxy":)" + json_string_or_null(draft.proxy);
  json += R"(,"toxic":)" + json_string_or_null(draft.toxic);
  json += R"(,"partition":)" + json_string_or_null(draft.partition);
  json += R"(,"run":)" + json_string_or_null(run_of(draft));
  json += R"(,"fault":)" + (draft.fault == 0 ? "null" : std::to_string(draft.fault));
  json += R"(,"owner":)" + json_string_or_null(draft.cause.owner);
  json += R"(,"reason":)" + json_string_or_null(draft.cause.reason);
  json += R"(,"cause":)" + json_string_or_null(draft.cause.by);
  json += R"(,"request_id":)" + json_string_or_null(draft.cause.request_id);
  json += R"(,"connections":)" + (draft.connections ? std::to_string(*draft.connections) : "null");
  json += R"(,"applied":)" + (draft.applied ? std::to_string(*draft.applied) : "null");
  json += R"(,"took_ms":)" + (draft.took ? milliseconds_text(*draft.took) : "null");
  json += R"(,"before":)" + json_or_null(draft.before);
  json += R"(,"after":)" + json_or_null(draft.after);
  json += R"(,"effect":)" + json_or_null(draft.effect);
  return json + "}";
}

std::string zones_json(const std::vector<ZoneSpec>& zones) {
  std::string list;
  for (const ZoneSpec& zone : zones) list += (list.empty() ? "" : ",") + zone_json(zone);
  return R"({"zones":[)" + list + "]}";
}

/// What is the partition's of `draft`.
void add_partition(EventDraft& draft, const Change& change) {
  const auto& partition = change.partition_after ? change.partition_after : change.partition_before;
  const ToxicLife& life = partition->spec.fault.life;
  draft.partition = partition->spec.name;
  if (draft.cause.owner.empty()) draft.cause.owner = life.owner;
  if (draft.cause.reason.empty()) draft.cause.reason = life.reason;
  const auto json = [&](const std::optional<LivePartition>& one) {
    return one ? partition_json(*one, *change.zone_map) : "";
  };
  draft.before = json(change.partition_before);
  draft.after = json(change.partition_after);
  if (change.kind == Change::Kind::kPartitionEnded) {
    draft.effect = partition_effect_json(*partition, partition->dropped_packets);
  }
}

}  // namespace

EventDraft event_of(const Change& change) {
  EventDraft draft{.type = std::string(type_of(change.kind)),
                   .proxy = change.proxy,
                   .toxic = change.toxic,
                   .fault = change.fault,
                   .cause = change.cause,
                   .connections = change.connections,
                   .applied = change.applied,
                   .took = change.took};
  // Whoever made the toxic, unless the change itself is somebody's.
  const auto& toxic = change.toxic_after ? change.toxic_after : change.toxic_before;
  if (toxic && draft.cause.owner.empty()) draft.cause.owner = toxic->life.owner;
  if (toxic && draft.cause.reason.empty()) draft.cause.reason = toxic->life.reason;
  if (change.partition_before || change.partition_after) add_partition(draft, change);
  if (change.kind == Change::Kind::kZonesChanged)
    draft.after = zones_json(change.zone_map->zones());
  if (change.proxy_before) draft.before = bare_proxy_json(*change.proxy_before);
  if (change.proxy_after) draft.after = bare_proxy_json(*change.proxy_after);
  if (change.toxic_before) draft.before = to_json(*change.toxic_before);
  if (change.toxic_after) draft.after = to_json(*change.toxic_after);
  return draft;
}

Event::Event(std::uint64_t seq, const EventDraft& draft)
    : seq_(seq),
      type_(draft.type),
      proxy_(draft.proxy),
      toxic_(draft.toxic),
      partition_(draft.partition),
      run_(run_of(draft)) {
  const std::string json = envelope(seq, draft);
  frame_ = "id: " + std::to_string(seq) + "\nevent: " + type_ + "\ndata: ";
  json_at_ = frame_.size();
  json_bytes_ = json.size();
  frame_ += json;
  frame_ += "\n\n";
}

bool EventFilter::passes(const Event& event) const {
  if (proxy && event.proxy() != *proxy) return false;
  if (toxic && event.toxic() != *toxic) return false;
  if (partition && event.partition() != *partition) return false;
  if (run && event.run() != *run) return false;
  return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& type) {
           return event.type().starts_with(type);
         });
}

}  // namespace faultline
