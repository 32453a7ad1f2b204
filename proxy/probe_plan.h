#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "proxy/client_probe.h"
#include "proxy/proxy_zones.h"
#include "proxy/spec.h"

namespace faultline {

/// Whether a client of the one zone can dial the other through a proxy of those zones.
bool may_connect(const ProxyZones& zones, const ZonePair& pair);

/// How somebody in `pair.client` dials `pair.destination` through the proxy of `spec`, from this
/// machine. `seen` is where it is known to lead, by zone: for a proxy whose zones do not say.
/// Error (kInvalid): it cannot be done, for that reason: "no address of zone `a` is here".
/// REQUIRES: may_connect().
Result<ProbePlan> probe_plan(const ProxySpec& spec, const ProxyZones& zones, const ZonePair& pair,
                             const std::map<ZoneId, std::string>& seen);

}  // namespace faultline
