// Registry: a proxy that is to be what somebody wants it to be.

#include <algorithm>
#include <utility>

#include "proxy/proxy.h"
#include "proxy/registry.h"
#include "proxy/toxic_log.h"
#include "proxy/workers.h"

namespace faultline {

namespace {

/// Whether a proxy that listens on `present` does what `wanted`, port 0, asks for.
bool is_any_port_of(const std::string& wanted, const std::string& present) {
  const Result<HostPort> asked = parse_host_port(wanted);
  const Result<HostPort> is = parse_host_port(present);
  return asked && is && !asked->is_unix && !is->is_unix && asked->port == 0 &&
         asked->host == is->host;
}

bool is_wildcard(const std::string& normal_address) {
  return normal_address.starts_with("[::]:");
}

/// Without what the server says itself.
std::vector<ToxicSpec> as_asked(std::vector<ToxicSpec> toxics) {
  for (ToxicSpec& toxic : toxics) toxic.engine.reset();
  return toxics;
}

}  // namespace

Result<Registry::Put> Registry::put(ProxySpec spec, const Names& names, Attempt attempt) {
  const auto found = proxies_.find(spec.name);
  if (found == proxies_.end()) return put_new(std::move(spec), names, attempt);
  Proxy& proxy = *found->second;
  const Result<std::string> wanted = normal_address(spec.listen, names);
  if (!wanted) return Fail(wanted.error());
  const Result<std::string> present = normal_address(proxy.spec().listen, names);
  bool moves = *wanted != (present ? *present : proxy.spec().listen);
  if (moves && present && is_any_port_of(*wanted, *present)) moves = false;
  if (!moves) spec.listen = proxy.spec().listen;
  Result<ProxySpec> done = change_to(proxy, std::move(spec), moves, names, attempt);
  if (!done) return Fail(done.error());
  return Put{*std::move(done), false};
}

Result<Registry::Put> Registry::put_new(ProxySpec spec, const Names& names, Attempt attempt) {
  if (attempt == Attempt::kApply) {
    const auto created = create(std::move(spec), names);
    if (!created) return Fail(created.error());
    return Put{**created, true};
  }
  if (const auto may = may_have(spec.toxics); !may) return Fail(may.error());
  if (const auto may = fits(spec, division()); !may) return Fail(may.error());
  if (const auto served = Proxy::can_serve(spec, workers_); !served) return Fail(served.error());
  if (const auto could = try_to_bind(spec, names); !could) return Fail(could.error());
  Proxy::note_engines(spec, workers_);
  return Put{std::move(spec), true};
}

/// Whether `spec` could listen. The file of a unix socket is not touched, so not tried either.
Result<void> Registry::try_to_bind(const ProxySpec& spec, const Names& names) {
  if (!spec.enabled) return {};
  const Result<std::string> address = normal_address(spec.listen, names);
  if (!address) return Fail(address.error());
  if (address->starts_with("unix:")) return {};
  const Result<ListeningSocket> bound = ListeningSocket::bind(spec.listen, names);
  if (!bound) return Fail(bound.error());
  return {};
}

/// Makes `proxy` what `wanted` says. `moves`: to another address than it has.
Result<ProxySpec> Registry::change_to(Proxy& proxy, ProxySpec wanted, bool moves,
                                      const Names& names, Attempt attempt) {
  if (const auto may = may_have(wanted.toxics); !may) return Fail(may.error());
  if (const auto may = fits(wanted, division()); !may) return Fail(may.error());
  const ProxySpec before = proxy.spec();
  const bool rezones = wanted.zone != before.zone || wanted.client_zone != before.client_zone;
  const bool redirects = wanted.route() != before.route();
  const bool has_other_toxics = as_asked(wanted.toxics) != as_asked(before.toxics);
  if (moves || redirects || has_other_toxics) {
    if (const auto served = Proxy::can_serve(wanted, workers_); !served) {
      return Fail(served.error());
    }
  }
  const bool must_bind = wanted.enabled && (moves || !before.enabled);
  if (attempt == Attempt::kTry) {
    if (must_bind && !(moves && is_in_own_way(proxy, wanted.listen, names))) {
      if (const auto could = try_to_bind(wanted, names); !could) return Fail(could.error());
    }
    Proxy::note_engines(wanted, workers_);
    return wanted;
  }

  // The new address is bound before the old one is given up.
  ListeningSocket socket;
  if (must_bind) {
    Result<ListeningSocket> bound = bind_for(proxy, wanted.listen, names);
    if (!bound) return Fail(bound.error());
    socket = *std::move(bound);
  }
  const bool stops = proxy.spec().enabled && (moves || !wanted.enabled);
  if (stops || redirects || rezones) {
    drop_probes_of(proxy);
    keep_drops();
  }
  if (stops) proxy.stop();
  if (moves) proxy.set_listen(wanted.listen);
  proxy.name_zones(wanted.zone, wanted.client_zone);
  if (redirects || rezones) {
    const ProxyZones zones = zones_for(wanted);
    std::vector<ToxicSpec> parts = partitions_.parts_for(zones);
    if (redirects) {
      proxy.set_route(wanted.route(), zones, std::move(parts));
    } else {
      proxy.set_zones(zones, std::move(parts));
    }
  }
  // Moved or not they may have to be served in another way there.
  if (moves || redirects || has_other_toxics) proxy.set_toxics(std::move(wanted.toxics));
  if (socket.is_open()) proxy.start(std::move(socket));
  proxy.tell();
  log_toxic_changes(proxy, before.toxics);
  return proxy.spec();
}

/// Whether the proxy's own socket keeps it from `listen`: 127.0.0.1:80 from 0.0.0.0:80.
bool Registry::is_in_own_way(const Proxy& proxy, const std::string& listen, const Names& names) {
  if (!proxy.spec().enabled) return false;
  const Result<std::string> here = normal_address(proxy.spec().listen, names);
  const Result<std::string> there = normal_address(listen, names);
  if (!here || !there) return false;
  const Result<HostPort> from = parse_host_port(*here);
  const Result<HostPort> to = parse_host_port(*there);
  return from && to && !from->is_unix && !to->is_unix && from->port == to->port &&
         is_wildcard(*here) != is_wildcard(*there);
}

/// Binds `listen` for a proxy that moves there. Where only the proxy's own
/// socket is in the way, that is given up first, and taken back if it was in vain.
Result<ListeningSocket> Registry::bind_for(Proxy& proxy, const std::string& listen,
                                           const Names& names) {
  Result<ListeningSocket> bound = ListeningSocket::bind(listen, names);
  if (bound || bound.error().kind != ErrorKind::kNetwork) return bound;
  const bool is_taken = bound.error().message.ends_with("address already in use");
  if (!is_taken || !is_in_own_way(proxy, listen, names)) return bound;

  const std::string old_address = proxy.spec().listen;
  proxy.stop();
  bound = ListeningSocket::bind(listen, names);
  if (bound) return bound;
  Result<ListeningSocket> back = ListeningSocket::bind(old_address, names);
  if (back) proxy.start(*std::move(back));
  proxy.tell();  // If it could not be taken back.
  return bound;
}

}  // namespace faultline
