#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/change_journal.h"
#include "proxy/ended_toxics.h"
#include "proxy/listening_socket.h"
#include "proxy/live_toxic.h"
#include "proxy/proxy_counters.h"
#include "proxy/registry.h"
#include "proxy/shard.h"
#include "proxy/spec.h"

namespace faultline {

/// One proxy as the control thread holds it: what it is, its listening socket,
/// and its shards on the workers. Each change is in force on all of them when
/// the call returns.
class Proxy {
 public:
  /// Disabled, with its toxics in place, until start(). `workers`, `journal`, `last_id`
  /// (the source of ids) and `ended`, which is told of toxics that end by themselves,
  /// must outlive it; `seed` decides its toxics' draws.
  Proxy(Workers& workers, ChangeJournal& journal, std::uint64_t& last_id, EndedToxics& ended,
        std::uint64_t seed, const ProxySpec& spec, ProxyZones zones, std::vector<ToxicSpec> parts);
  ~Proxy();  ///< Closes the listener and every connection, and tells.
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  const ProxySpec& spec() const { return spec_; }
  std::uint64_t id() const { return id_; }

  /// Whether the engines that there are for a proxy of `spec` can carry all its
  /// toxics out. Error: kInvalid.
  static Result<void> can_serve(const ProxySpec& spec, const Workers& workers);

  /// Says in the specs of toxics that can be served what would carry each out.
  static void note_engines(ProxySpec& spec, const Workers& workers);

  /// Whether listening on `address` is something else than what it does, or
  /// would do once enabled. Port 0 always is: it asks for a new port. Errors as
  /// for normal_address().
  Result<bool> is_elsewhere(const std::string& address, const Names& names) const;

  /// Listens on `socket`: enabled. REQUIRES: it is not.
  void start(ListeningSocket socket);

  /// Stops listening and closes every connection: disabled. Returns the socket
  /// (none if it was not listening), which may be started on again, or closed.
  ListeningSocket stop();

  /// Stops listening, leaves its connections open.
  void stop_accepting();

  /// What its toxics can be served by may be another thing then: set_toxics() looks anew.
  void set_listen(std::string listen) { spec_.listen = std::move(listen); }
  /// The same. For new connections; closes those there are. `zones` and `parts` are as in
  /// set_zones(), of the new upstream. What toxics do to
  /// the listening socket they go on doing.
  void set_route(const Route& route, ProxyZones zones, std::vector<ToxicSpec> parts);

  /// Makes the toxics those of `toxics`, and tells. One with the name, type and direction
  /// of an old one is that one, changed or not; with other limits it begins anew.
  void set_toxics(std::vector<ToxicSpec> toxics);

  /// What its zones are called in its spec: set_zones() puts them in force.
  void name_zones(const std::string& zone, const std::string& client_zone);

  /// What its zones are, and the parts of partitions on it, which stand behind its toxics.
  /// Returns how many open connections one of the parts is, or was, on, by partition. Told to
  /// nobody.
  std::map<std::string, std::uint64_t> set_zones(ProxyZones zones, std::vector<ToxicSpec> parts);

  const ProxyZones& zones() const { return zones_; }
  /// With the engines that carry them out. Good until the next change.
  std::vector<const LiveToxic*> parts() const;
  /// What `parts` would be in place of those there are of that partition.
  ToxicSet try_parts(const std::string& partition, const std::vector<ToxicSpec>& parts) const;
  /// Without those of probes; none while it does not listen.
  DroppedPackets dropped_packets() const { return listening_.dropped_packets(); }

  /// Who dials it to see what that is like.
  ExpectedProbes& expected_probes() { return shared_.probes; }
  /// So many segments of probes were not answered: the listening socket has dropped them.
  void note_probe_drops(std::uint64_t segments) { listening_.leave_out(segments); }

  /// Tells the journal what start(), stop() and the like have come to: once, at
  /// the end of a change. Until the first time nothing of the proxy is told.
  void tell() { journal_.tell_proxy(spec_, *live_toxics_); }

  /// The name of the toxic with that LiveToxic::id; "" if it is gone.
  std::string name_of_toxic(std::uint64_t id) const;

  /// Added up over the workers. Stops nobody.
  ProxyStats stats() const;

 private:
  std::shared_ptr<const ToxicSet> make_live() const;
  std::vector<ZoneId> client_zones_of(const ToxicSpec& toxic) const;
  LiveToxic make_toxic(const ToxicSpec& spec, std::uint64_t first_new, TimePoint now) const;
  std::shared_ptr<ToxicBudget> budget_for(const ToxicSpec& spec, std::uint64_t toxic) const;
  Placement placement() const;
  void close_connections(const std::function<void(Shard&)>& first,
                         const std::function<void(Shard&)>& last);

  Workers& workers_;
  ProxyJournal journal_;
  std::uint64_t& last_id_;
  EndedToxics& ended_;
  const std::uint64_t id_;
  const std::uint64_t chance_key_;
  ProxySpec spec_;
  ProxyZones zones_;
  std::vector<ToxicSpec> parts_;  // Of partitions.
  Shard::Shared shared_;
  std::vector<ProxyCounters> counters_;  // One for each worker.
  std::shared_ptr<const ToxicSet> live_toxics_;
  ListeningSocket listening_;
};

}  // namespace faultline
