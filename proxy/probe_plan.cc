#include "proxy/probe_plan.h"

#include <netinet/in.h>

#include <utility>

#include "proxy/compact_address.h"
#include "proxy/proxy_protocol.h"

namespace faultline {

namespace {

/// Where the proxy is reached from this machine.
struct Reached {
  SocketAddress address;
  bool is_anywhere = false;  // It listens on all addresses.
};

SocketAddress loopback(int family, std::uint16_t port) {
  const bool is_ipv4 = family == AF_INET;
  const std::string text =
      (is_ipv4 ? "127.0.0.1" : "[::1]") + std::string(":") + std::to_string(port);
  return addresses_of(*parse_host_port(text), {})->front();
}

Result<Reached> reached_at(const std::string& listen) {
  const auto where = parse_host_port(listen);
  if (!where) return Fail(where.error());
  if (where->is_unix) return fail(ErrorKind::kInvalid, "it listens on a unix socket");
  const bool is_anywhere = where->host.empty() || where->host == "0.0.0.0" || where->host == "::";
  if (is_anywhere) return Reached{loopback(AF_INET, where->port), true};
  const auto addresses = addresses_of(*where, {});
  if (!addresses) return Fail(addresses.error());
  return Reached{addresses->front(), false};
}

SocketAddress with_port_0(const SocketAddress& address) {
  SocketAddress free = address;
  if (free.family() == AF_INET) reinterpret_cast<sockaddr_in*>(&free.storage)->sin_port = 0;
  if (free.family() == AF_INET6) reinterpret_cast<sockaddr_in6*>(&free.storage)->sin6_port = 0;
  return free;
}

std::string named(const ZoneMap& map, ZoneId zone) {
  return zone == kNoZone ? "in no zone" : "of zone `" + std::string(map.name_of(zone)) + "`";
}

/// Makes the plan's client one of `zone`.
Result<void> disguise(ProbePlan& plan, const ProxySpec& spec, const ProxyZones& zones, ZoneId zone,
                      const Reached& reached, const LocalAddresses& machine) {
  const ZoneMap& map = *zones.map;
  if (zones.client != kUnknownZone) return {};  // Whoever comes is.
  if (spec.protocols.accepts_header) {
    const auto address = zone == kNoZone ? machine.in(map, zone, AF_INET) : address_in(map, zone);
    if (!address) {
      return fail(ErrorKind::kInvalid, "no address is " + named(map, zone) + " to speak for");
    }
    // What it had dialled is of its family, whatever the proxy's is.
    plan.header =
        proxy_header(HeaderVersion::kV1, *address, loopback(address->family(), port_of(plan.to)));
    return {};
  }
  if (plan.protocol == Protocol::kSocks5 && zone != kNoZone) {
    plan.client_name = std::string(map.name_of(zone));
    return {};
  }
  auto from = machine.in(map, zone, plan.to.family());
  if (!from && reached.is_anywhere) {
    from = machine.in(map, zone, AF_INET6);
    if (from) plan.to = loopback(AF_INET6, port_of(plan.to));
  }
  if (!from) {
    return fail(ErrorKind::kInvalid, "no address " + named(map, zone) + " is this machine's");
  }
  plan.from = with_port_0(*from);
  return {};
}

}  // namespace

bool asks_whom(const ProxySpec& spec, const ProxyZones& zones) {
  return zones.destination == kUnknownZone || !spec.protocols.has_upstream();
}

Result<ProbePlan> probe_plan(const ProxySpec& spec, const ProxyZones& zones, const ZonePair& pair,
                             const std::map<ZoneId, std::string>& seen,
                             const LocalAddresses& machine) {
  const Protocol protocol = spec.protocols.protocol;
  if (!spec.enabled) return fail(ErrorKind::kInvalid, "it is disabled");
  if (protocol == Protocol::kTransparent) {
    return fail(ErrorKind::kInvalid, "only packets that the kernel redirects can go through it");
  }
  const auto reached = reached_at(spec.listen);
  if (!reached) return Fail(reached.error());
  ProbePlan plan{.from = with_port_0(reached->address),
                 .to = reached->address,
                 .header = "",
                 .protocol = protocol,
                 .client_name = "",
                 .destination = ""};
  if (asks_whom(spec, zones)) {
    const auto found = seen.find(pair.destination);
    if (found == seen.end()) {
      return fail(ErrorKind::kInvalid,
                  "whom to dial there is not known: none of its connections goes there");
    }
    plan.destination = found->second;
  }
  if (const auto done = disguise(plan, spec, zones, pair.client, *reached, machine); !done) {
    return Fail(done.error());
  }
  return plan;
}

}  // namespace faultline
