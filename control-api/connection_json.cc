#include "control-api/connection_json.h"

#include <chrono>
#include <string>

#include "base/quantities.h"

namespace faultline {

namespace {

using OrderedJson = nlohmann::ordered_json;

/// To the millisecond: more would be noise.
OrderedJson rounded_json(Duration duration) {
  return duration_text(std::chrono::floor<std::chrono::milliseconds>(duration));
}

OrderedJson link_json(const LinkView& link) {
  return {{"received", link.received_bytes},
          {"sent", link.sent_bytes},
          {"held", link.held_bytes},
          {"waiting", link.waiting_bytes}};
}

OrderedJson toxic_json(const ToxicView& toxic) {
  const bool in_force = toxic.verdict == Verdict::kApplies;
  OrderedJson json = {{"name", toxic.name},
                      {"type", toxic.type},
                      {"stream", std::string(to_string(toxic.direction))},
                      {"in_force", in_force}};
  if (!in_force) json["why_not"] = std::string(to_string(toxic.verdict));
  json["bytes"] = {{"passed", toxic.passed_bytes},
                   {"delayed", toxic.delayed_bytes},
                   {"dropped", toxic.dropped_bytes},
                   {"held", toxic.held_bytes}};
  return json;
}

OrderedJson destination_json(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

template <class Value>
OrderedJson list_json(const std::vector<Value>& values) {
  OrderedJson list = OrderedJson::array();
  for (const Value& value : values) list.push_back(to_json(value));
  return list;
}

}  // namespace

OrderedJson to_json(const ConnectionView& connection) {
  OrderedJson json = {{"id", to_string(connection.id)},
                      {"proxy", connection.proxy},
                      {"client", connection.client},
                      {"destination", destination_json(connection.destination)},
                      {"upstream", nullptr},
                      {"state", std::string(to_string(connection.state))},
                      {"opened", rfc3339(connection.opened)},
                      {"age", rounded_json(connection.age)},
                      {"idle", rounded_json(connection.idle)},
                      {"upstream_bytes", link_json(connection.links[0])},
                      {"downstream_bytes", link_json(connection.links[1])}};
  if (!connection.upstream_local.empty()) {
    json["upstream"] = {{"address", connection.upstream}, {"local", connection.upstream_local}};
  }
  if (!connection.client_name.empty()) json["client_name"] = connection.client_name;
  OrderedJson& toxics = json["toxics"] = OrderedJson::array();
  for (const ToxicView& toxic : connection.toxics) toxics.push_back(toxic_json(toxic));
  return json;
}

OrderedJson to_json(const ConnectionPage& page) {
  OrderedJson json = {{"connections", list_json(page.connections)}, {"next", nullptr}};
  if (page.next) json["next"] = to_string(*page.next);
  return json;
}

OrderedJson to_json(const EndedConnection& connection) {
  const auto bytes = [&](std::size_t direction) -> OrderedJson {
    return {{"received", connection.received_bytes.at(direction)},
            {"sent", connection.sent_bytes.at(direction)}};
  };
  OrderedJson json = {{"id", to_string(connection.id)},
                      {"proxy", connection.proxy},
                      {"client", connection.client.text()},
                      {"destination", destination_json(connection.destination)},
                      {"opened", rfc3339(wall_time_of(connection.opened))},
                      {"ended", rfc3339(wall_time_of(connection.ended))},
                      {"lasted", rounded_json(connection.ended - connection.opened)},
                      {"ended_by", std::string(to_string(connection.by))},
                      {"with", connection.was_reset ? "rst" : "fin"},
                      {"upstream_bytes", bytes(0)},
                      {"downstream_bytes", bytes(1)},
                      {"toxics", connection.toxics}};
  if (connection.more_toxics > 0) json["more_toxics"] = connection.more_toxics;
  return json;
}

OrderedJson to_json(const ClientHistory& history) {
  return {{"live", list_json(history.live)}, {"ended", list_json(history.ended)}};
}

OrderedJson to_json(const Lingering& lingering) {
  OrderedJson json = {{"kind", std::string(to_string(lingering.kind))}};
  if (!lingering.proxy.empty()) json["proxy"] = lingering.proxy;
  if (lingering.kind == Lingering::Kind::kToxic) {
    json["toxic"] = lingering.toxic;
  } else if (lingering.kind == Lingering::Kind::kPartition) {
    json["partition"] = lingering.toxic;
  } else {
    json["count"] = lingering.count;
  }
  return json;
}

}  // namespace faultline
