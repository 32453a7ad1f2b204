#include "proxy/proxy_zones.h"

#include <algorithm>
#include <utility>

namespace faultline {

namespace {

/// The zone of an upstream that needs no lookup, if all its addresses are in one.
ZoneId zone_written_in(const std::string& upstream, const ZoneMap& map) {
  if (upstream.empty()) return kUnknownZone;  // Its clients say where they go.
  auto where = parse_host_port(upstream);
  if (!where) return kUnknownZone;
  if (where->host.empty() || where->host == "0.0.0.0") where->host = "localhost";
  const auto addresses = addresses_of(*where, {});
  if (!addresses) return kUnknownZone;
  const ZoneId first = map.zone_of(*addresses->front().get());
  const bool are_same = std::all_of(
      addresses->begin(), addresses->end(),
      [&](const SocketAddress& address) { return map.zone_of(*address.get()) == first; });
  return are_same ? first : kUnknownZone;
}

}  // namespace

ProxyZones zones_of(const ProxySpec& spec, std::shared_ptr<const ZoneMap> map,
                    std::shared_ptr<ZoneTraffic> traffic) {
  if (map == nullptr) return {};
  ProxyZones zones;
  if (!spec.client_zone.empty()) zones.client = map->id_of(spec.client_zone);
  zones.destination =
      spec.zone.empty() ? zone_written_in(spec.upstream, *map) : map->id_of(spec.zone);
  const Protocols& protocols = spec.protocols;
  zones.clients_say = protocols.accepts_header || protocols.protocol == Protocol::kSocks5 ||
                      protocols.protocol == Protocol::kConnect;
  zones.map = std::move(map);
  zones.traffic = std::move(traffic);
  return zones;
}

Result<void> check_zones(const ProxySpec& spec, const ZoneMap& map) {
  for (const auto& [key, zone] :
       {std::pair("zone", &spec.zone), std::pair("client_zone", &spec.client_zone)}) {
    if (zone->empty() || map.id_of(*zone) != kUnknownZone) continue;
    return Fail(Error{ErrorKind::kInvalid, std::string(key) + ": " + no_such_zone(*zone, map),
                      "/" + std::string(key)});
  }
  for (std::size_t i = 0; i < spec.toxics.size(); ++i) {
    for (const std::string& zone : spec.toxics[i].match.client_zones) {
      if (map.id_of(zone) != kUnknownZone) continue;
      return Fail(Error{ErrorKind::kInvalid,
                        "toxic `" + spec.toxics[i].name + "`: clients: " + no_such_zone(zone, map),
                        "/toxics/" + std::to_string(i) + "/match/clients"});
    }
  }
  return {};
}

}  // namespace faultline
