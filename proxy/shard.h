#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/connection.h"
#include "proxy/connection_counter.h"
#include "proxy/encounters.h"
#include "proxy/expected_probes.h"
#include "proxy/listener_control.h"
#include "proxy/live_toxic.h"
#include "proxy/ordinal_table.h"
#include "proxy/proxy_counters.h"
#include "proxy/proxy_zones.h"
#include "proxy/toxic_clock.h"
#include "proxy/upstream_probe.h"
#include "proxy/worker.h"

namespace faultline {

/// One worker's share of a proxy: its watch on the listening socket, and the
/// connections it has accepted.
///
/// All workers watch the same listening socket, and whoever is idle accepts.
/// Accepting never stops because something failed: with no descriptors left it
/// pauses a moment and tries again. What toxics do to the listening socket the
/// shard of the first worker carries out.
class Shard final : Watcher, AlarmOwner, UpstreamProbeOwner {
 public:
  /// What the proxy's shards have in common. Outlives them.
  struct Shared {
    std::string name;
    std::uint64_t id;                           ///< Of the proxy: no other ever has it.
    std::atomic<std::uint64_t> connections{0};  ///< Gives each connection its ordinal.
    ListenerControl::Shared listener{};
    ExpectedProbes probes{};
    const std::vector<ProxyCounters>* counters = nullptr;  ///< One for each worker.
  };

  /// All must outlive the shard.
  Shard(Worker& worker, Shared& shared, ProxyCounters& counters, Route route,
        std::shared_ptr<const ToxicSet> toxics);
  ~Shard();  ///< Stops listening and closes every connection.
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Accepts from `fd`, a listening socket of that family that stays open until
  /// stop_listening().
  void listen(int fd, Socket::Family family);
  void stop_listening();

  /// For connections made from now on.
  void set_route(Route route);

  /// What its connections' zones are. REQUIRES: set_toxics() is next, with the parts of
  /// partitions that go by them.
  void set_zones(ProxyZones zones);

  /// Puts `toxics` in force on every connection. Those that a toxic was on which is none of them,
  /// by name, are ended as it says. Before that each is counted for `counter`, unless it is null.
  ///
  /// With many connections that takes several turns, and `on_done` is called when it is in force
  /// on all of them; with few, before this returns. Nobody waits for his turn with the old ones:
  /// a connection that has something to do before catches up first.
  void set_toxics(std::shared_ptr<const ToxicSet> toxics, ConnectionCounter* counter,
                  std::function<void()> on_done);

  /// How often its toxics have changed. A connection that has seen another number is behind.
  std::uint32_t changes() const { return changes_; }

  /// Lets `connection`, which is behind, take leave of the toxics there were. False if that was its
  /// end; else it is to put the present ones in force.
  bool begin_catching_up(Connection& connection, TimePoint now);

  /// Counts its connections for `counter`.
  void count_connections(ConnectionCounter& counter) const;

  /// Puts its toxics in force as they are by now: those whose limits are reached are taken off
  /// their connections, which for these is a removal.
  void refresh_toxics();

  void close_connections();

  /// Those there are. To be changed by them alone.
  const OrdinalTable<Connection>& connections() const { return connections_; }

  Worker& worker() { return worker_; }
  const std::string& name() const { return shared_.name; }
  std::uint64_t proxy() const { return shared_.id; }
  const Route& route() const { return route_; }
  const std::string& upstream() const { return route_.upstream; }
  const ProxyZones& zones() const { return zones_; }
  const ToxicSet& toxics() const { return *toxics_; }
  /// Those too that are off just now.
  const ToxicSet& all_toxics() const { return clock_.all(); }
  /// Toxics do something to the listening socket, which is this shard's to carry out.
  bool has_listener_faults() const { return control_ && control_->has_faults(); }
  /// Null if there are no toxics.
  std::unique_ptr<Encounters> new_encounters(bool is_probe) const;
  ProxyCounters& counters() { return counters_; }

  /// A connection could not reach its upstream: counted, and said in the log,
  /// though not for each client of an upstream that is down.
  void note_dial_failure(std::string_view destination, const Error& error);
  /// A client has not said what it has to, for this reason: counted, and said at debug.
  void note_greeting_failure(const CompactAddress& client, std::string_view reason);

  /// `connection` has ended: it is destroyed once the present callback is over.
  void retire(Connection& connection);

 private:
  /// Toxics that are being put in force on its connections, some at a time.
  struct ToxicsChange {
    std::shared_ptr<const ToxicSet> before;  ///< Stages use them until all have caught up.
    std::vector<const LiveToxic*> removed;   ///< Of these.
    ConnectionCounter* counter = nullptr;
    std::function<void()> on_done;
    std::uint64_t next = 0;  ///< The first connection that is yet to be visited, by ordinal.
  };

  void watch();
  void unwatch();
  void arrange_listener();
  void begin_change(ConnectionCounter* counter, std::function<void()> on_done);
  bool go_on_with_change(TimePoint until);
  void end_change();
  bool accept_one();
  Foreknowledge foreknowledge() const;
  void receive(FileDescriptor client, const SocketAddress& address);
  void turn_away(FileDescriptor client, ConnectionIdentity identity, std::string_view destination,
                 EndedBy by, Farewell farewell);
  bool pause(int error);
  bool rest();
  void on_ready(std::uint32_t events) noexcept override;
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;
  void on_upstream_state(UpstreamProbe::State state) noexcept override;

  Worker& worker_;
  Shared& shared_;
  ProxyCounters& counters_;
  Route route_;
  ProxyZones zones_;
  ToxicClock clock_;
  std::shared_ptr<const ToxicSet> toxics_;  // As they are now.
  int listening_fd_ = -1;                   // -1 while not listening.
  Socket::Family family_ = Socket::Family::kTcp;
  bool is_watching_ = false;
  std::optional<ListenerControl> control_;  // Of the first worker's shard only.
  std::optional<UpstreamProbe> probe_;      // The same, while the listener mirrors the upstream.
  TimePoint next_complaint_{};              // When a failed dial may be logged again.
  Alarm resume_;                            // Ends a pause after accept() has failed.
  Alarm toxics_change_;                     // Of themselves: see ToxicClock.
  std::uint32_t changes_ = 0;
  std::optional<ToxicsChange> change_;  // That not all connections have caught up with.
  OrdinalTable<Connection> connections_;
};

}  // namespace faultline
