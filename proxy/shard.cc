#include "proxy/shard.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/verify.h"
#include "proxy/packet_filter.h"
#include "proxy/transparent.h"

namespace faultline {

namespace {

constexpr Duration kBetweenComplaints = std::chrono::seconds(10);

constexpr Duration kLongTurn = std::chrono::microseconds(500);
constexpr int kAcceptsPerLongTurn = 16;

constexpr Duration kAcceptPause = std::chrono::milliseconds(50);

constexpr int kVisitsPerLook = 8;

/// Those of `before` whose connections do not go on without them, and that are
/// none of `all` any more. One that was only put elsewhere in the chain still is.
std::vector<const LiveToxic*> removed_of(const ToxicSet& before, const ToxicSet& all) {
  std::vector<const LiveToxic*> removed;
  for (const LiveToxic& toxic : before) {
    if (toxic.spec.reach.on_remove == OnRemove::kResume) continue;
    const bool stays = std::any_of(all.begin(), all.end(), [&](const LiveToxic& other) {
      return is_same_toxic(other.spec, toxic.spec) && !other.is_spent();
    });
    if (!stays) removed.push_back(&toxic);
  }
  return removed;
}

}  // namespace

Shard::Shard(Worker& worker, Shared& shared, ProxyCounters& counters, Route route,
             std::shared_ptr<const ToxicSet> toxics)
    : worker_(worker),
      shared_(shared),
      counters_(counters),
      route_(std::move(route)),
      resume_(worker.loop().alarms(), *this),
      toxics_change_(worker.loop().alarms(), *this) {
  set_toxics(std::move(toxics), nullptr, nullptr);
  if (worker.index() == 0) control_.emplace(shared.listener);
}

Shard::~Shard() {
  stop_listening();
  close_connections();
}

void Shard::listen(int fd, Socket::Family family) {
  listening_fd_ = fd;
  family_ = family;
  if (route_.protocols.protocol == Protocol::kTransparent) set_transparent(fd, true);
  watch();
  if (control_ && family == Socket::Family::kTcp) control_->take(fd);
  arrange_listener();
}

void Shard::stop_listening() {
  resume_.set(kNever);
  unwatch();
  probe_.reset();
  if (control_) control_->let_go();
  listening_fd_ = -1;
}

void Shard::set_route(Route route) {
  const Protocol before = std::exchange(route_, std::move(route)).protocols.protocol;
  const bool is_transparent = route_.protocols.protocol == Protocol::kTransparent;
  if (listening_fd_ >= 0 && is_transparent != (before == Protocol::kTransparent)) {
    set_transparent(listening_fd_, is_transparent);
  }
  probe_.reset();  // It knows of the old one.
  arrange_listener();
}

/// Puts in force what the toxics do to the listening socket.
void Shard::arrange_listener() {
  if (listening_fd_ < 0 || family_ != Socket::Family::kTcp) return;
  ListenerFaults faults = listener_faults(*toxics_, foreknowledge());
  if (upstream().empty()) faults.mirrors_upstream = false;  // There is none.
  if (control_ && faults.mirrors_upstream && !probe_) {
    probe_.emplace(worker_.loop(), upstream(), static_cast<UpstreamProbeOwner&>(*this));
  } else if (!faults.mirrors_upstream) {
    probe_.reset();
  }
  if (probe_ && probe_->state() == UpstreamProbe::State::kUnreachable) {
    faults.listening = Listening::kClosed;
  } else if (probe_ && probe_->state() == UpstreamProbe::State::kSilent) {
    if (faults.mirrors_by_filter) faults.drops.push_back({.drop_all = true});
    if (!faults.mirrors_by_filter) faults.listening = std::max(faults.listening, Listening::kFull);
  }
  resume_.set(kNever);
  const bool may_accept = faults.listening == Listening::kOpen;
  if (!may_accept) unwatch();
  if (control_) control_->set(faults);
  if (may_accept && !is_watching_) watch();
}

Foreknowledge Shard::foreknowledge() const {
  return {.knows_clients = !route_.protocols.accepts_header,
          .destination = destination_of(upstream())};
}

void Shard::on_upstream_state(UpstreamProbe::State /*state*/) noexcept {
  arrange_listener();
}

void Shard::watch() {
  // Exclusive: one idle worker is woken for a connection, not all.
  worker_.loop().watch(listening_fd_, EPOLLIN | EPOLLEXCLUSIVE, *this);
  is_watching_ = true;
}

void Shard::unwatch() {
  if (std::exchange(is_watching_, false)) worker_.loop().unwatch(listening_fd_, *this);
}

/// Level-triggered: if more are waiting than are accepted we are told again, in
/// the next turn or on another worker. While turns are short one at a time will
/// do, and no call is spent to hear that there are no more.
void Shard::on_ready(std::uint32_t /*events*/) noexcept {
  const bool is_rare = worker_.loop().last_turn() > kLongTurn;
  for (int left = is_rare ? kAcceptsPerLongTurn : 1; left > 0 && accept_one();) --left;
}

/// False if none was waiting, or accepting is to pause.
bool Shard::accept_one() {
  // The first worker has filled the queue: we have not yet heard of it, or do not see what it sees.
  if (shared_.listener.is_full.load()) return rest();
  SocketAddress address;
  address.length = sizeof address.storage;
  FileDescriptor client(
      accept4(listening_fd_, address.get(), &address.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (client.is_open()) {
    receive(std::move(client), address);
    return true;
  }
  if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  return pause(errno);
}

/// Accepting has failed; it goes on in a moment. EINVAL: the first worker has
/// closed the listening socket, or not opened it again yet.
bool Shard::pause(int error) {
  if (error != EINVAL) {
    count(counters_.accept_errors);
    log(LogLevel::kDebug, "proxy", "cannot accept; trying again in 50 ms",
        {{"proxy", name()}, {"error", std::string_view(std::strerror(error))}});
  }
  return rest();
}

/// Accepting goes on in a moment.
bool Shard::rest() {
  unwatch();
  resume_.set(after(clock_now(), kAcceptPause));
  return false;
}

void Shard::receive(FileDescriptor client, const SocketAddress& address) {
  if (shared_.listener.take_filler(client.get(), address)) return;

  const TimePoint now = clock_now();
  count(counters_.connections);
  const std::uint64_t ordinal = shared_.connections.fetch_add(1, std::memory_order_relaxed);
  std::shared_ptr<ProbeMark> probe = shared_.probes.take(address);
  if (probe != nullptr) probe->connection.store(ordinal + 1);
  const ZonePair pair = zones_.pair_for(address);
  ConnectionIdentity identity{ordinal, address, now, pair};
  identity.knows_client = !route_.protocols.accepts_header;
  if (shared_.listener.had_filter.load(std::memory_order_relaxed)) {
    detach_packet_filter(client.get());  // It may have been accepted with its listener's.
  }
  std::string dialled;  // By the client; elsewhere it says so, or has no say.
  if (route_.protocols.protocol == Protocol::kTransparent) {
    const Result<SocketAddress> found = original_destination(client.get(), listening_fd_);
    if (!found) {
      note_greeting_failure(CompactAddress(address), found.error().message);
      return turn_away(std::move(client), identity, "", EndedBy::kGreeting, Farewell::kFinish);
    }
    dialled = CompactAddress(*found).text();
  }
  const std::string_view destination = dialled.empty() ? upstream() : dialled;
  if (need_destination(*toxics_)) identity.destination = destination_of(destination);
  std::unique_ptr<Encounters> encounters = new_encounters(probe != nullptr);
  if (encounters != nullptr) encounters->meet(*toxics_, identity, now);
  identity.encounters = encounters.get();
  ConnectionFaults faults = faults_for(*toxics_, identity, now);
  if (faults.reception == Reception::kReset || faults.reception == Reception::kClose) {
    return turn_away(std::move(client), identity, destination, EndedBy::kToxic,
                     faults.reception == Reception::kReset ? Farewell::kReset : Farewell::kFinish);
  }
  Connection::Client accepted{std::move(client), family_, CompactAddress(address), pair,
                              std::move(probe)};
  connections_.add(
      ordinal, std::make_unique<Connection>(*this, std::move(accepted), ordinal, std::move(faults),
                                            std::move(encounters),
                                            Greeter::make(route_.protocols, std::move(dialled))));
}

/// As it came: there is no connection that could say so.
void Shard::turn_away(FileDescriptor client, ConnectionIdentity identity,
                      std::string_view destination, EndedBy by, Farewell farewell) {
  count(counters_.closed_connections);
  EndedConnection& record = worker_.ended().next();
  record.id = {shared_.id, identity.ordinal};
  record.set_proxy(name());
  record.client = CompactAddress(identity.client);
  record.set_destination(destination);
  record.opened = record.ended = identity.opened;
  record.by = by;
  record.was_reset = farewell == Farewell::kReset;
  record.received_bytes = record.sent_bytes = {};
  identity.encounters = nullptr;  // They go with the client.
  record.set_toxics(*toxics_, identity, identity.opened);
  if (farewell == Farewell::kReset) {
    reset_on_close(client.get());
  } else {
    worker_.farewells().close(std::move(client), family_);
  }
}

void Shard::on_alarm(Alarm& alarm, TimePoint /*now*/) noexcept {
  if (&alarm == &toxics_change_) {
    refresh_toxics();
  } else {
    watch();
  }
}

void Shard::set_zones(ProxyZones zones) {
  if (change_) go_on_with_change(kNever);  // It is of zones as they were.
  const ProxyZones before = std::exchange(zones_, std::move(zones));  // Its counts are in use.
  connections_.for_each([](Connection& connection) { connection.set_zones(); });
}

void Shard::set_toxics(std::shared_ptr<const ToxicSet> toxics, ConnectionCounter* counter,
                       std::function<void()> on_done) {
  clock_.set(std::move(toxics));
  begin_change(counter, std::move(on_done));
}

void Shard::refresh_toxics() {
  begin_change(nullptr, nullptr);
}

void Shard::begin_change(ConnectionCounter* counter, std::function<void()> on_done) {
  if (change_) go_on_with_change(kNever);  // One at a time.
  std::shared_ptr<const ToxicSet> before = std::exchange(toxics_, clock_.at(clock_now()));
  toxics_change_.set(clock_.next_change());
  arrange_listener();
  ++changes_;
  change_.emplace();
  change_->counter = counter;
  change_->on_done = std::move(on_done);
  if (before != nullptr) change_->removed = removed_of(*before, clock_.all());
  change_->before = std::move(before);
  if (connections_.size() == 0) return end_change();
  worker_.loop().do_in_pieces(
      [&worker = worker_, proxy = shared_.id, change = changes_](TimePoint until) {
        Shard* const shard = worker.find_shard(proxy);
        const bool is_over = shard == nullptr || !shard->change_ || shard->changes_ != change;
        return is_over || shard->go_on_with_change(until);
      });
}

/// Until then, give or take a few visits. Whether all have caught up.
bool Shard::go_on_with_change(TimePoint until) {
  TimePoint now = clock_now();
  int visits = 0;
  bool has_time = true;
  connections_.walk(change_->next, [&](Connection& connection) {
    if (++visits % kVisitsPerLook == 0) now = clock_now();
    has_time = now < until;
    change_->next = connection.id().ordinal;
    if (has_time) connection.catch_up(now);  // It may end, and take itself out.
    return has_time;
  });
  if (has_time) end_change();
  return has_time;
}

void Shard::end_change() {
  const std::function<void()> on_done = std::move(change_->on_done);
  change_.reset();
  if (on_done) on_done();
}

bool Shard::begin_catching_up(Connection& connection, TimePoint now) {
  if (change_->counter != nullptr) connection.be_counted(*change_->counter, now);
  return !connection.ends_without(change_->removed, *change_->before);
}

void Shard::count_connections(ConnectionCounter& counter) const {
  const TimePoint now = clock_now();
  connections_.for_each([&](const Connection& connection) { connection.be_counted(counter, now); });
}

std::unique_ptr<Encounters> Shard::new_encounters(bool is_probe) const {
  if (toxics_->empty()) return nullptr;
  return std::make_unique<Encounters>(worker_.index(), *shared_.counters, is_probe);
}

void Shard::close_connections() {
  connections_.for_each(
      [](Connection& connection) { connection.close(Farewell::kFinish, EndedBy::kProxy); });
}

void Shard::note_dial_failure(std::string_view destination, const Error& error) {
  count(counters_.dial_errors);
  const TimePoint now = clock_now();
  const bool is_due = now >= next_complaint_;
  if (is_due) next_complaint_ = after(now, kBetweenComplaints);
  log(is_due ? LogLevel::kWarn : LogLevel::kDebug, "proxy",
      "cannot reach the upstream; its clients are closed",
      {{"proxy", name()}, {"upstream", destination}, {"error", error.message}});
}

void Shard::note_greeting_failure(const CompactAddress& client, std::string_view reason) {
  count(counters_.greeting_errors);
  if (!logs(LogLevel::kDebug)) return;
  log(LogLevel::kDebug, "proxy", "a client does not greet as it should; it is closed",
      {{"proxy", name()}, {"client", client.text()}, {"error", reason}});
}

void Shard::retire(Connection& connection) {
  count(counters_.closed_connections);
  worker_.loop().deferred_delete(connections_.take(connection.id().ordinal));
}

}  // namespace faultline
