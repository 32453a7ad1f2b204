#pragma once

#include <memory>
#include <string>

#include "proxy/names.h"
#include "proxy/spec.h"
#include "proxy/zone_traffic.h"
#include "zones/zone_map.h"

namespace faultline {

/// Which zones a proxy's connections are between. A value; immutable but for the traffic.
struct ProxyZones {
  /// Null: there are no zones, and nobody asks.
  std::shared_ptr<const ZoneMap> map{};
  std::shared_ptr<ZoneTraffic> traffic{};  ///< Of that map; null with it.
  ZoneId client = kUnknownZone;            ///< Of every client; unknown: it is in its address,
  bool clients_say = false;                ///< or in what it says first.
  ZoneId destination = kUnknownZone;  ///< Of the upstream; unknown: of the address that is dialled.

  bool operator==(const ProxyZones&) const = default;

  /// kUnknownZone without zones.
  ZoneId zone_of(const SocketAddress& address) const {
    return map == nullptr ? kUnknownZone : map->zone_of(*address.get());
  }

  /// Of a connection from there, as far as it is known before it is dialled.
  ZonePair pair_for(const SocketAddress& from) const {
    return {client == kUnknownZone && !clients_say ? zone_of(from) : client, destination};
  }
};

/// Those of a proxy of `spec`, whose zones are in `map`: what it says itself, or the zone that
/// its upstream's address is written in.
ProxyZones zones_of(const ProxySpec& spec, std::shared_ptr<const ZoneMap> map,
                    std::shared_ptr<ZoneTraffic> traffic);

/// Whether the zones that `spec` names exist. Error: kInvalid.
Result<void> check_zones(const ProxySpec& spec, const ZoneMap& map);

}  // namespace faultline
