#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proxy/compact_address.h"
#include "proxy/connection_view.h"
#include "proxy/dial.h"
#include "proxy/encounters.h"
#include "proxy/ended_connections.h"
#include "proxy/expected_probes.h"
#include "proxy/greeter.h"
#include "proxy/live_toxic.h"
#include "proxy/pump.h"
#include "proxy/socket.h"
#include "proxy/zone_watch.h"

namespace faultline {

class Shard;
class ConnectionCounter;

/// One client, its upstream, and the two pumps between them.
///
/// How it ends is the table below; data that came before is delivered first,
/// unless a toxic resets.
///
///   what happened                        | client gets      | upstream gets
///   -------------------------------------+------------------+-----------------
///   FIN from one side                    | FIN passed on, once its toxics let it
///   FIN from both                        | closed           | closed
///   a toxic ends one direction           | FIN to its receiver; its sender goes unheard
///   ... and the other has ended too      | closed once both have ended, see below
///   RST from one side, or it is dead     | RST to the other, once its toxics let it
///   a toxic closes; disable; delete      | FIN              | FIN
///   a toxic with on_remove is removed    | FIN, or RST      | the same
///   a toxic resets                       | RST              | RST
///   its greeting is not understood       | FIN              | -
///   the upstream cannot be reached       | FIN              | -
///   ... and a toxic mirrors that         | RST              | -
///
/// A side that still talks after a toxic has ended its direction is listened to
/// until it has ended: were its socket closed under it, RST would take what it
/// has not been sent yet. Once all that was for both has arrived, that is a
/// minute at the most.
class Connection final : SocketOwner, DialOwner, AlarmOwner, BatchWriter {
 public:
  /// What one socket was accepted as.
  struct Client {
    FileDescriptor socket;  ///< Non-blocking.
    Socket::Family family;
    CompactAddress address;
    ZonePair zones{};                    ///< As far as they are known.
    std::shared_ptr<ProbeMark> probe{};  ///< Null: it is somebody's own.
  };

  /// Starts dialling, unless `faults` say to wait, or `greeter` has the client to
  /// hear out first; null if it has nothing to say. `encounters` are with the toxics
  /// that these are of; null if there are none. `shard` outlives the connection's
  /// open life (until end()).
  Connection(Shard& shard, Client client, std::uint64_t ordinal, ConnectionFaults faults,
             std::unique_ptr<Encounters> encounters, std::unique_ptr<Greeter> greeter);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Puts the shard's present toxics in force, unless it has. False if that has ended it.
  bool catch_up(TimePoint now);

  /// The shard's zones are others now. The toxics that go by them are put in force next.
  void set_zones();

  /// Is counted for `counter`.
  void be_counted(ConnectionCounter& counter, TimePoint now) const;

  /// These toxics were removed: ends it, as the strongest of those says that were
  /// on it. False if none was that does. `before` is the set that it has met.
  bool ends_without(const std::vector<const LiveToxic*>& removed, const ToxicSet& before);

  /// Ends it now; what toxics hold is dropped.
  void close(Farewell farewell, EndedBy by);

  // What it is at `now`, for those who look in from outside, between two callbacks.
  ConnectionId id() const;
  const CompactAddress& client() const { return client_address_; }  ///< Or for whom it speaks.
  std::string_view client_name() const;             ///< The user name that it gave; "" if none.
  std::string_view destination() const;             ///< HOST:PORT as asked for; "" while not known.
  const ZonePair& zones() const { return zones_; }  ///< As far as they are known.
  TimePoint opened() const { return opened_; }
  ConnectionState state() const;
  TimePoint last_read() const;                              ///< Or when it was opened.
  bool meets(std::string_view toxic, TimePoint now) const;  ///< One of that name is in force on it.
  ConnectionView view(TimePoint now) const;

  /// What toxics do to it beside delaying what is still to come.
  struct Traces {
    std::size_t held_bytes = 0;
    bool is_held = false;     ///< Its upstream is not dialled, or not yet.
    bool has_faults = false;  ///< Its sockets have packet filters, or a shut window.
  };
  Traces traces() const;

 private:
  enum class Ending {
    kDone,   ///< Both sides have said and heard the end.
    kClose,  ///< FIN to both.
    kReset,  ///< RST to both.
  };

  void on_socket_ready(Socket& socket) noexcept override;
  bool will_read(const Socket& socket) noexcept override;
  void on_written(std::size_t direction, ssize_t result) noexcept override;
  void on_batch_written() noexcept override;
  Admission admit(const SocketAddress& address) noexcept override;
  void on_dialled(Result<std::unique_ptr<Socket>> upstream) noexcept override;
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;
  bool is_held() const { return faults_ != nullptr && faults_->reception == Reception::kHold; }
  bool is_greeting() const { return greeter_ != nullptr && !greeter_->is_done(); }
  void hear_greeting();
  void end_greeting(const std::string& reason);
  Destination target() const;
  std::optional<EndedBy> introduce();
  void end_undialled(const Error& error, int number);
  bool is_passed_on(TimePoint now);
  bool is_let_in();
  ConnectionIdentity identity() const;
  ConnectionIdentity meet_toxics(TimePoint now);
  void arrange(const ConnectionIdentity& identity, TimePoint now);
  void arrange_dial(TimePoint now);
  void learn_zones();
  void watch_zones();
  void note_traffic();
  void set_faults(ConnectionFaults faults);
  bool is_behind() const;
  bool begin_catching_up(TimePoint now);
  void apply_toxics(TimePoint now);
  static void read(Pump& pump, Pump& answers, TimePoint now);
  void write_late(Direction direction);
  void settle(TimePoint now);
  void wait_for_more(TimePoint now);
  std::optional<Ending> ending(TimePoint now);
  EndedBy ender(Ending ending) const;
  void end(Ending ending, EndedBy by);
  void end(Ending ending, EndedBy by, const ToxicSet& in_force);
  void note_end(Ending ending, EndedBy by, const ToxicSet& in_force) const;
  void close_socket(std::unique_ptr<Socket>& socket, Ending ending);

  Shard& shard_;
  const std::uint64_t ordinal_;
  CompactAddress client_address_;
  ZonePair zones_;
  const std::shared_ptr<ProbeMark> probe_;  // Null: not a probe.
  Reception refusal_ = Reception::kDial;    // Of an address that a partition keeps it from.
  std::optional<EndedBy> first_end_;        // Of one direction: whose FIN it was.
  bool ended_ = false;
  std::uint32_t changes_;  // Of the shard's toxics, as it has seen them.
  std::unique_ptr<Socket> client_;
  std::unique_ptr<Socket> upstream_;        // Null while dialling.
  std::unique_ptr<Dial> dial_;              // Null once dialled.
  std::unique_ptr<ZoneWatch> watch_;        // Null while there are no zones, or not dialled.
  std::unique_ptr<Encounters> encounters_;  // Null while there were no toxics.
  const std::unique_ptr<Greeter> greeter_;  // Null where clients say nothing first.
  std::optional<Pump> up_;                  // Both are there from when upstream_ is.
  std::optional<Pump> down_;
  Alarm alarm_;
  std::unique_ptr<ConnectionFaults> faults_;  // Null while there are none.
  const TimePoint opened_;
  TimePoint dial_from_;     // When it was known where to; till then, when its greeting may begin.
  CompactAddress dialled_;  // What has answered.
  TimePoint keep_alive_at_ = kNever;
  TimePoint toxics_change_at_ = kNever;  // By the time since they reached it.
  TimePoint swallow_until_ = kNever;     // Once both links have ended, and a source goes on.
};

}  // namespace faultline
