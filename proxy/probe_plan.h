#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "proxy/local_addresses.h"
#include "proxy/names.h"
#include "proxy/protocols.h"
#include "proxy/proxy_zones.h"
#include "proxy/spec.h"

namespace faultline {

/// How a probe is to dial.
struct ProbePlan {
  SocketAddress from;  ///< An address of this machine, with port 0.
  SocketAddress to;    ///< Where the proxy listens.
  std::string header;  ///< Said first: a PROXY header, or "".
  Protocol protocol = Protocol::kTcp;
  std::string client_name;  ///< Whom it gives itself out as in its greeting; "": nobody.
  std::string destination;  ///< HOST:PORT that it asks for; unused with kTcp.
};

/// How somebody in `pair.client` dials `pair.destination` through the proxy of `spec`, between
/// whose zones that is, from this machine. `seen` is where it is known to lead, by zone: for a
/// proxy that asks_whom(). Error (kInvalid): it cannot be done, for that reason: "no address
/// of zone `a` is this machine's".
Result<ProbePlan> probe_plan(const ProxySpec& spec, const ProxyZones& zones, const ZonePair& pair,
                             const std::map<ZoneId, std::string>& seen,
                             const LocalAddresses& machine);

/// Whether the client of such a proxy has to know whom to dial, to get to a zone.
bool asks_whom(const ProxySpec& spec, const ProxyZones& zones);

}  // namespace faultline
