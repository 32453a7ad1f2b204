#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "proxy/change_journal.h"
#include "proxy/ended_toxics.h"
#include "proxy/listening_socket.h"
#include "proxy/names.h"
#include "proxy/partitions.h"
#include "proxy/recovery.h"
#include "proxy/running_probe.h"
#include "proxy/spec.h"
#include "toxics/toxic_counters.h"

namespace faultline {

class Connections;
class Proxy;
class Workers;
struct Lingering;

/// Live counts of one toxic, added up over the workers.
struct ToxicStats {
  std::string name;
  std::string type;
  Direction direction = Direction::kDownstream;
  std::uint64_t connections = 0;
  /// These and the bytes are as in ToxicCounters.
  std::uint64_t met = 0;
  std::uint64_t matched = 0;
  std::uint64_t applied = 0;
  bool acts_on_listener = false;  ///< Clients may feel it whom none of these counts.
  std::uint64_t delayed_bytes = 0;
  std::uint64_t dropped_bytes = 0;
  DurationHistogram::Snapshot delay{};
  DurationHistogram::Snapshot error{};
};

/// Live counts of one proxy, added up over the workers.
struct ProxyStats {
  std::string name;
  std::string listen;
  std::string upstream;
  bool enabled = false;
  std::uint64_t connections_total = 0;
  std::uint64_t connections_active = 0;
  std::uint64_t dial_errors = 0;
  std::uint64_t accept_errors = 0;
  std::uint64_t greeting_errors = 0;
  /// By direction (index is Direction): read from its source; written to its destination.
  std::uint64_t received_bytes[2] = {0, 0};
  std::uint64_t sent_bytes[2] = {0, 0};
  std::vector<ToxicStats> toxics{};
};

/// What a configuration describes.
struct Configured {
  std::vector<ZoneSpec> zones{};
  std::vector<ProxySpec> proxies{};
  std::vector<PartitionSpec> partitions{};
};

/// How every refusal begins that is for a halt's sake: also over Toxiproxy's API, which has no
/// status for it.
inline constexpr std::string_view kAreHalted = "faults are halted";

/// The truth about proxies and toxics. Lives on the control thread; both APIs,
/// the configuration file and the signals are views of it.
///
/// Every change is checked and built in full before anything is touched, and
/// is in force on every live connection when the call returns. No call waits
/// for data, a dial, a peer or a toxic: only for each worker to come to the
/// end of the callback it is in, and to have visited its connections, some in
/// each turn.
///
/// Errors: kNotFound "proxy not found" / "toxic not found"; kConflict "proxy
/// already exists" / "toxic already exists"; kInvalid; kNetwork for an address
/// that cannot be bound ("listen tcp 127.0.0.1:80: bind: address already in
/// use"); kNeedsLookup for a host name to listen on that is not in `names`.
/// After any error everything is as it was.
///
/// An observer is told once of each thing that has really changed: a toxic that
/// goes because its proxy goes has its end told too, and a proxy that is
/// replaced is removed and created.
///
/// A returned pointer is never null and is good until the next change.
class Registry {
 public:
  /// `workers` must outlive the registry. `seed` decides every draw.
  Registry(Workers& workers, std::uint64_t seed);
  ~Registry();  ///< Closes every listener and connection, and tells nobody.
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  std::uint64_t seed() const { return seed_; }

  /// Who is told of each change, from now on; null is nobody. It must outlive
  /// the registry, or be taken away.
  void observe(ChangeObserver* observer) { journal_.observe(observer); }

  /// While it lives, changes are due to `cause`.
  class Because {
   public:
    Because(Registry& registry, Cause cause)
        : journal_(registry.journal_), before_(journal_.set_cause(std::move(cause))) {}
    ~Because() { journal_.set_cause(std::move(before_)); }
    Because(const Because&) = delete;
    Because& operator=(const Because&) = delete;

   private:
    ChangeJournal& journal_;
    Cause before_;
  };

  /// In order of name, bytewise.
  std::vector<const ProxySpec*> list() const;
  Result<const ProxySpec*> find(std::string_view proxy) const;
  Result<const ToxicSpec*> find_toxic(std::string_view proxy, std::string_view toxic) const;

  /// The proxy listens (if enabled) with all its toxics in place from the first connection.
  Result<const ProxySpec*> create(ProxySpec spec, const Names& names);

  /// A changed listen address or upstream closes the proxy's connections; its
  /// toxics stay. Spellings of the same address do not count as a change,
  /// except port 0, which always asks for a new port.
  Result<const ProxySpec*> update(std::string_view proxy, const ProxyChange& change,
                                  const Names& names);

  enum class Attempt {
    kApply,
    kTry,  ///< Checks all that can be checked, and changes nothing.
  };
  struct Put {
    ProxySpec proxy;       ///< As it is; with kTry as it would be, where a free port is still 0.
    bool created = false;  ///< There was none of that name.
  };

  /// Makes the proxy of `spec.name` what `spec` says, toxics included, or
  /// nothing. What is so already is left alone, and so are its connections: they
  /// are closed where listen or upstream change. Port 0 is any port: the one it has.
  Result<Put> put(ProxySpec spec, const Names& names, Attempt attempt);

  Result<void> remove(std::string_view proxy);

  /// Removes every partition and every toxic, and takes none until lift_halt(): whatever would
  /// bring one fails with kHalted, and changes nothing. Returns how many it removed.
  std::size_t halt();
  void lift_halt() { is_halted_ = false; }
  bool is_halted() const { return is_halted_; }

  /// Removes every toxic that `is_over` says so of, and returns them by their
  /// proxies' names.
  std::vector<std::pair<std::string, ToxicSpec>> end_toxics(
      const std::function<bool(const ToxicSpec&)>& is_over);

  /// When the first toxic's or partition's time is up, or kNever.
  TimePoint next_end() const;

  /// Creates or replaces all of `specs`, or none. A proxy that exists with the
  /// same listen and upstream is left untouched, toxics, connections and
  /// `enabled` included; one that differs is replaced. Others are left alone.
  /// Of several specs with one name the last wins. Returns the names, in order.
  Result<std::vector<std::string>> populate(std::vector<ProxySpec> specs, const Names& names);

  /// Makes what `before` described into what `now` describes: proxies that are
  /// in only one are removed or created, those whose description changed are
  /// updated or replaced, toxics included; zones and partitions the same; everything else is left
  /// alone. Returns what was done, for people: "created redis".
  Result<std::vector<std::string>> reload(const Configured& before, Configured now,
                                          const Names& names);

  /// Enables every proxy and removes every toxic. Goes on after a proxy that
  /// cannot be enabled (its toxics are removed all the same); the error lists those.
  Result<void> reset(const Names& names);

  Result<const ToxicSpec*> add_toxic(std::string_view proxy, ToxicSpec toxic);
  Result<const ToxicSpec*> update_toxic(std::string_view proxy, std::string_view toxic,
                                        const ToxicChange& change);
  Result<void> remove_toxic(std::string_view proxy, std::string_view toxic);

  /// Told of a toxic that has come to its limits, once it is removed: its proxy, what
  /// it was, and which limit, "max_connections 5 reached". On the control thread.
  using OnToxicEnded = std::function<void(const std::string& proxy, const ToxicSpec& toxic,
                                          const std::string& reason)>;
  /// A toxic with limits ends on the workers; then `wake` is called, on one of
  /// their threads, to have remove_ended_toxics() called on the control thread.
  /// Once, before there are toxics. Without it they are removed at the next such call.
  void watch_endings(std::function<void()> wake, OnToxicEnded on_ended);
  /// Removes the toxics that have ended, which nothing is done by any more. Logged.
  void remove_ended_toxics();

  // ---- Zones and partitions ----

  const Partitions& partitions() const { return partitions_; }

  /// Makes the zones those. Every connection is between others from then on, and what flows
  /// between zones is counted anew. Returns them as they are, or would be; never null. Errors:
  /// kInvalid; a zone that goes is still named by a proxy, a toxic or a partition, or a proxy
  /// cannot carry out what a partition comes to in these zones.
  Result<std::shared_ptr<const ZoneMap>> set_zones(std::vector<ZoneSpec> zones, Attempt attempt);

  struct PutPartition {
    LivePartition partition;  ///< As it is, or would be.
    bool created = false;     ///< There was none of that name.
  };
  /// Makes the partition of `spec.name` what `spec` says, on every proxy; in force on every
  /// connection when it returns. Proxies that come later have it, too. Errors: kInvalid,
  /// kConflict, kHalted.
  Result<PutPartition> put_partition(PartitionSpec spec, Attempt attempt);
  /// It heals. Returns what it was, with its last counts.
  Result<LivePartition> remove_partition(std::string_view name);
  /// Removes every partition that `is_over` says so of, by what it does to connections.
  std::vector<LivePartition> end_partitions(const std::function<bool(const ToxicSpec&)>& is_over);

  /// On each proxy that it is on, in order of name.
  std::vector<PartitionEngine> engines_of(const LivePartition& partition) const;
  /// Segments that listening sockets have dropped which it acts on, since it does. Another
  /// partition's count, too, where both act on one.
  std::uint64_t dropped_packets(const LivePartition& partition) const;

  // ---- Proof of what partitions do ----

  /// How many probes may be under way.
  static constexpr std::size_t kMostProbes = 64;
  /// Has somebody of each client's zone that the partition is on dial each destination's, through
  /// one proxy: what they see is in LivePartition::probes, by ClientProbe::kTimeLimit. Their
  /// connections are in no count of it. Errors: kNotFound; kConflict, they are under way.
  Result<LivePartition> probe_partition(std::string_view name);

  /// What has come back since a partition of that name last ended; null if it is not known. A
  /// shadow has kept nothing back.
  const Recovery* recovery(std::string_view partition) const;

  /// When look() is to be called next, or kNever.
  TimePoint next_look() const;
  /// Looks at probes and at what comes back.
  void look(TimePoint now);

  /// Live counts, in order of name. Stops nobody.
  std::vector<ProxyStats> stats() const;

  /// The connections there are, to be listed, looked at and ended: see proxy/connections.h.
  Connections connections() const;

  /// What is left of faults, toxics first (proxy/lingering.h); empty: everything is as if there had
  /// never been one.
  std::vector<Lingering> lingering() const;

  /// Draining: no proxy accepts any more, every toxic is gone. Open connections go on, but for
  /// those that a toxic was on whose `on_remove` says otherwise.
  void stop_accepting();

 private:
  using Proxies = std::map<std::string, std::unique_ptr<Proxy>, std::less<>>;
  class Plan;

  Result<Proxy*> find_proxy(std::string_view name) const;
  Result<Put> put_new(ProxySpec spec, const Names& names, Attempt attempt);
  static Result<void> try_to_bind(const ProxySpec& spec, const Names& names);
  Result<ProxySpec> change_to(Proxy& proxy, ProxySpec wanted, bool moves, const Names& names,
                              Attempt attempt);
  Result<void> may_have(const std::vector<ToxicSpec>& toxics) const;
  static bool is_in_own_way(const Proxy& proxy, const std::string& listen, const Names& names);
  static Result<ListeningSocket> bind_for(Proxy& proxy, const std::string& listen,
                                          const Names& names);
  void remove_ended_partition(const EndedToxic& ended);
  std::unique_ptr<Proxy> make_proxy(const ProxySpec& spec);
  ProxyZones zones_for(const ProxySpec& spec) const;
  std::map<std::string, std::uint64_t> refresh_parts();
  /// Zones, and what keeps them apart: as they are, or as they are to be.
  struct Division {
    std::shared_ptr<const ZoneMap> map{};  ///< Null: there are none.
    std::vector<const PartitionSpec*> partitions{};
  };
  Division division() const;
  Result<void> can_serve(const ProxySpec& proxy, const PartitionSpec& partition,
                         const std::shared_ptr<const ZoneMap>& map) const;
  std::vector<PartitionEngine> engines_of_tried(const LivePartition& partition) const;
  Result<void> fits(const ProxySpec& proxy, const Division& division) const;
  void take_zones(std::shared_ptr<const ZoneMap> map);
  Result<ZoneMap> zones_after(const Configured& before, const Configured& now) const;
  struct ProbeRound;
  Result<std::unique_ptr<ClientProbe>> dial_as(const ZonePair& pair, Proxy& proxy,
                                               ProbeRound& round, ProbeResult& result);
  void start_probe(const LivePartition& partition, std::size_t index,
                   const std::vector<Proxy*>& proxies, ProbeRound& round, ProbeResult& result);
  Proxy* proxy_of(const RunningProbe& running);
  void note_lost_packets(RunningProbe& running, std::uint64_t packets);
  void end_probe(RunningProbe& running);
  void drop_probes(const std::function<bool(const RunningProbe&)>& which, const std::string& why);
  void drop_probes_of(const Proxy& proxy);
  DroppedPackets drops_of(const Proxy& proxy) const;
  void keep_drops();
  void forget_probes(LivePartition& partition, const std::string& why);
  void look_at_probes(TimePoint now);
  void tell_probes(const LivePartition& partition);
  void watch_recovery(const LivePartition& partition, TimePoint now);
  void end_recovery(std::string_view name);
  void tell_recovery(const Recovery& recovery);

  Workers& workers_;
  const std::uint64_t seed_;
  EndedToxics ended_;
  OnToxicEnded on_ended_;
  std::uint64_t last_id_ = 0;
  bool is_halted_ = false;
  ChangeJournal journal_;
  Partitions partitions_;
  std::vector<RunningProbe> probes_;
  std::map<std::string, Recovery, std::less<>> recoveries_;  // By the partition's name.
  Proxies proxies_;
};

}  // namespace faultline
