// The operations of /v1 on zones: which there are, who is in which, what flows between them.

#include <algorithm>
#include <memory>
#include <utility>

#include "control-api/partition_json.h"
#include "control-api/v1_handlers.h"
#include "control-api/v1_problem.h"
#include "control-api/v1_views.h"
#include "proxy/fields.h"
#include "proxy/zone_decoder.h"
#include "proxy/zone_matrix.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json view_of(const ZoneSpec& zone) {
  return Json::parse(zone_json(zone), nullptr, false);
}

Json zones_view(const std::vector<ZoneSpec>& zones) {
  Json list = Json::array();
  for (const ZoneSpec& zone : zones) list.push_back(view_of(zone));
  return {{"zones", list}};
}

Result<const ZoneSpec*> zone_of(const V1Call& call) {
  const ZoneMap& map = call.registry.partitions().zones();
  const auto& zones = map.zones();
  const auto found = std::find_if(zones.begin(), zones.end(), [&](const ZoneSpec& zone) {
    return zone.name == call.captured.at(0);
  });
  if (found != zones.end()) return &*found;
  return fail(ErrorKind::kNotFound, no_such_zone(call.captured.at(0), map));
}

/// The proxies that a zone is of, by what they say or by their upstream's address.
Json proxies_of(const V1Call& call, const ZoneMap& map, ZoneId zone) {
  Json proxies = Json::array();
  for (const ProxySpec* proxy : call.registry.list()) {
    const ProxyZones zones = zones_of(*proxy, std::make_shared<const ZoneMap>(map), nullptr);
    const bool is_client = !proxy->client_zone.empty() && map.id_of(proxy->client_zone) == zone;
    if (zones.destination == zone || is_client) proxies.push_back(proxy->name);
  }
  return proxies;
}

}  // namespace

Result<HttpResponse> v1_list_zones(const V1Call& call) {
  return v1_json(200, zones_view(call.registry.partitions().zones().zones()));
}

Result<HttpResponse> v1_put_zones(const V1Call& call) {
  const auto fields = Fields::of(call.body, Dialect::kV1, "the zones", {"zones"});
  if (!fields) return Fail(fields.error());
  const Document* given = fields->find("zones");
  if (given == nullptr) return fail(ErrorKind::kInvalid, "missing required field: zones");
  std::vector<ZoneSpec> zones;
  if (const auto* list = given->as<Document::Array>()) {  // As they are shown.
    for (const Document& one : *list) {
      const auto entry = Fields::of(one, Dialect::kV1, "a zone", {"name", "cidrs", "proxies"});
      if (!entry) return Fail(entry.error());
      const auto name = entry->text("name");
      if (!name) return Fail(name.error());
      if (!*name) return wrong(one, "missing required field: name");
      auto zone = decode_zone(one, **name, Dialect::kV1);
      if (!zone) return Fail(zone.error());
      zones.push_back(*std::move(zone));
    }
  } else {
    auto decoded = decode_zones(*given, Dialect::kV1);
    if (!decoded) return Fail(decoded.error());
    zones = *std::move(decoded);
  }
  const auto map = call.registry.set_zones(std::move(zones), call.attempt);
  if (!map) return wrong(*given, map.error().message);
  return v1_json(200, zones_view((*map)->zones()));
}

Result<HttpResponse> v1_get_zone(const V1Call& call) {
  const auto zone = zone_of(call);
  if (!zone) return Fail(zone.error());
  const ZoneMap& map = call.registry.partitions().zones();
  Json view = view_of(**zone);
  view["proxies"] = proxies_of(call, map, map.id_of((*zone)->name));
  return v1_json(200, view);
}

Result<HttpResponse> v1_put_zone(const V1Call& call) {
  const std::string& name = call.captured.at(0);
  auto zone = decode_zone(call.body, name, Dialect::kV1);
  if (!zone) return Fail(zone.error());
  std::vector<ZoneSpec> zones = call.registry.partitions().zones().zones();
  const auto old = std::find_if(zones.begin(), zones.end(),
                                [&](const ZoneSpec& other) { return other.name == name; });
  const bool is_new = old == zones.end();
  if (is_new) {
    zones.push_back(*zone);
  } else {
    *old = *zone;
  }
  const auto map = call.registry.set_zones(std::move(zones), call.attempt);
  if (!map) return wrong(call.body, map.error().message);
  Json view = view_of(*zone);
  view["proxies"] = proxies_of(call, **map, (*map)->id_of(name));
  return v1_json(is_new ? 201 : 200, view);
}

Result<HttpResponse> v1_delete_zone(const V1Call& call) {
  const auto zone = zone_of(call);
  if (!zone) return Fail(zone.error());
  const std::string name = (*zone)->name;
  std::vector<ZoneSpec> zones = call.registry.partitions().zones().zones();
  zones.erase(std::remove_if(zones.begin(), zones.end(),
                             [&](const ZoneSpec& other) { return other.name == name; }),
              zones.end());
  auto set = call.registry.set_zones(std::move(zones), call.attempt);
  if (!set) {
    return fail(ErrorKind::kConflict, "without zone `" + name + "`: " + set.error().message);
  }
  return HttpResponse{204, {}, ""};
}

Result<HttpResponse> v1_which_zone(const V1Call& call) {
  const auto asked = call.query.find("address");
  if (asked == call.query.end()) {
    return fail(ErrorKind::kMalformed, "missing parameter: address, such as ?address=10.1.2.3");
  }
  const auto prefix = IpPrefix::parse(asked->second);
  const auto addresses = prefix ? addresses_of({.host = asked->second, .port = 1}, {})
                                : Result<std::vector<SocketAddress>>(Fail(prefix.error()));
  if (!addresses || asked->second.find('/') != std::string::npos) {
    return fail(ErrorKind::kMalformed,
                "address must be one IP address, such as 10.1.2.3, not `" + asked->second + "`");
  }
  const ZoneMap& map = call.registry.partitions().zones();
  const ZoneMap::Place place = map.place_of(*addresses->front().get());
  const bool is_in_one = place.zone != kNoZone;
  return v1_json(200, {{"address", asked->second},
                       {"zone", map.name_of(place.zone)},
                       {"cidr", is_in_one ? Json(place.cidr.text()) : Json(nullptr)},
                       {"proxies", proxies_of(call, map, place.zone)}});
}

Result<HttpResponse> v1_get_matrix(const V1Call& call) {
  Json cells = Json::array();
  for (const ZoneCell& cell : zone_matrix(call.registry.partitions())) {
    cells.push_back({{"from", cell.from},
                     {"to", cell.to},
                     {"state", to_string(cell.state)},
                     {"partitions", cell.partitions},
                     {"connections", cell.connections},
                     {"open", cell.open},
                     {"bytes", cell.bytes},
                     {"cut", cell.cut_connections},
                     {"crossed_connections", cell.crossed_connections},
                     {"crossed_bytes", cell.crossed_bytes}});
  }
  Json zones = call.registry.partitions().zones().names();
  if (!zones.empty()) zones.push_back(kNoZoneName);
  return v1_json(200, {{"zones", zones}, {"cells", cells}});
}

}  // namespace faultline
