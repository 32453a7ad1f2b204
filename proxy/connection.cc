#include "proxy/connection.h"

#include <algorithm>
#include <utility>

#include "base/verify.h"
#include "proxy/connection_counter.h"
#include "proxy/shard.h"

namespace faultline {

namespace {

/// A connection that is over by then need not be kept alive: three calls saved.
/// (The client's side has that from its listener.)
constexpr Duration kYouth = std::chrono::seconds(1);

/// How long a side is listened to of whom nobody hears any more: as long as the
/// kernel keeps a closed connection for a peer's end (tcp_fin_timeout).
constexpr Duration kSwallowing = std::chrono::minutes(1);

void change_faults(Socket& socket, const SocketFaults& before, const SocketFaults& now) {
  if (now.drops != before.drops) socket.filter(now.drops);
  // While nothing of the peer's arrives it only seems to be dead.
  if (drops_all(now.drops) != drops_all(before.drops)) socket.keep_alive(!drops_all(now.drops));
  if (now.shuts_window != before.shuts_window) socket.shut_window(now.shuts_window);
}

}  // namespace

Connection::Connection(Shard& shard, Client client, std::uint64_t ordinal, ConnectionFaults faults,
                       std::unique_ptr<Encounters> encounters, std::unique_ptr<Greeter> greeter)
    : shard_(shard),
      ordinal_(ordinal),
      client_address_(client.address),
      zones_(client.zones),
      probe_(std::move(client.probe)),
      changes_(shard.changes()),
      client_(std::make_unique<Socket>(shard.worker().loop(), std::move(client.socket),
                                       client.family, static_cast<SocketOwner&>(*this))),
      encounters_(std::move(encounters)),
      greeter_(std::move(greeter)),
      alarm_(shard.worker().loop().alarms(), *this),
      opened_(clock_now()),
      dial_from_(opened_) {
  set_faults(std::move(faults));
  toxics_change_at_ = next_change(shard.toxics(), identity(), opened_);
  arrange_dial(opened_);
}

/// Dials, or stops dialling, or waits for the time to.
void Connection::arrange_dial(TimePoint now) {
  if (is_greeting()) {
    // Who is held hears nothing, and has all the time again when that is over.
    if (is_held()) return alarm_.set(toxics_change_at_);
    const TimePoint end = after(dial_from_, Greeter::kTimeLimit);
    if (end <= now) return end_greeting("its greeting has not come in time");
    return alarm_.set(std::min(end, toxics_change_at_));
  }
  const bool may_dial = faults_ == nullptr || faults_->reception == Reception::kDial;
  const TimePoint at = faults_ == nullptr ? dial_from_ : after(dial_from_, faults_->dial_delay);
  if (!may_dial) dial_.reset();
  if (may_dial && dial_ == nullptr && at <= now) {
    dial_ = std::make_unique<Dial>(shard_.worker().loop(), destination(),
                                   static_cast<DialOwner&>(*this));
  }
  alarm_.set(std::min(may_dial && dial_ == nullptr ? at : kNever, toxics_change_at_));
}

void Connection::set_faults(ConnectionFaults faults) {
  static const ConnectionFaults kNone;
  const ConnectionFaults& before = faults_ == nullptr ? kNone : *faults_;
  if (faults == before) return;
  change_faults(*client_, before.client, faults.client);
  if (upstream_ != nullptr) change_faults(*upstream_, before.upstream, faults.upstream);
  faults_ = faults == kNone ? nullptr : std::make_unique<ConnectionFaults>(std::move(faults));
}

void Connection::on_dialled(Result<std::unique_ptr<Socket>> upstream) noexcept {
  const int error = dial_->error_number();
  // Kept: a socket whose peer has gone does not say any more who that was.
  if (upstream) dialled_ = CompactAddress(dial_->reached());
  shard_.worker().loop().deferred_delete(std::move(dial_));
  const bool is_late = is_behind();  // By the toxics there are it might not have been dialled.
  if (is_late && !begin_catching_up(clock_now())) return;
  const bool asks_again = is_late || (upstream && need_destination(shard_.toxics()));
  if (asks_again && !is_passed_on(clock_now())) return;
  if (is_late && upstream && admit(dialled_.address()) != Admission::kDial) {
    return arrange_dial(clock_now());  // Its address is in a zone that it is kept from by now.
  }
  if (!upstream) return end_undialled(upstream.error(), error);
  refusal_ = Reception::kDial;
  upstream_ = *std::move(upstream);
  upstream_->set_owner(*this);
  const ProxyZones& zones = shard_.zones();
  const bool goes_by_address = zones.map != nullptr && zones.destination == kUnknownZone;
  if (probe_ != nullptr) {
    probe_->reached.store(goes_by_address ? zones.zone_of(dialled_.address()) : zones.destination);
    probe_->is_dialled.store(true);
  }
  if (const auto refused_by = introduce()) return end(Ending::kReset, *refused_by);
  if (faults_ != nullptr) change_faults(*upstream_, {}, faults_->upstream);
  ProxyCounters& counters = shard_.counters();
  up_.emplace(shard_.worker(), Direction::kUpstream, *client_, *upstream_, counters);
  down_.emplace(shard_.worker(), Direction::kDownstream, *upstream_, *client_, counters);
  const TimePoint now = clock_now();
  keep_alive_at_ = after(now, kYouth);
  learn_zones();
  ConnectionIdentity me = meet_toxics(now);
  if (goes_by_address) set_faults(faults_for(shard_.toxics(), me, now));
  watch_zones();
  if (watch_ != nullptr) watch_->note_crossed_connection();
  me.is_beginning = true;
  arrange(me, now);
  read(*up_, *down_, now);  // What the client has said meanwhile.
  settle(now);
}

/// As far as they are known: what the proxy says, else what the client says or its address, and the
/// address that has answered.
void Connection::learn_zones() {
  const ProxyZones& zones = shard_.zones();
  zones_ = {zones.client, zones.destination};
  if (zones.map == nullptr) return;
  if (zones_.client == kUnknownZone && !is_greeting()) {
    if (!client_name().empty()) zones_.client = zones.map->id_of(client_name());
    if (zones_.client == kUnknownZone) zones_.client = zones.zone_of(client_address_.address());
  }
  if (zones_.destination == kUnknownZone && upstream_ != nullptr) {
    zones_.destination = zones.zone_of(dialled_.address());
  }
}

void Connection::set_zones() {
  learn_zones();
  if (!up_) return;
  note_traffic();
  watch_zones();
}

/// Counts for the zones it is between, and the partitions on it.
void Connection::watch_zones() {
  ZoneTraffic* traffic = shard_.zones().traffic.get();
  if (traffic == nullptr) return watch_.reset();
  const std::size_t worker = shard_.worker().index();
  ZonePairCounters& counters = traffic->of(zones_, worker);
  if (watch_ == nullptr) {
    watch_ = std::make_unique<ZoneWatch>(counters);
  } else {
    watch_->move_to(counters);
  }
  if (encounters_ != nullptr) watch_->look_at(shard_.toxics(), *encounters_, worker);
}

void Connection::note_traffic() {
  if (watch_ != nullptr) watch_->note(up_->sent_bytes(), down_->sent_bytes());
}

DialOwner::Admission Connection::admit(const SocketAddress& address) noexcept {
  const ProxyZones& zones = shard_.zones();
  if (zones.map == nullptr || zones.destination != kUnknownZone) return Admission::kDial;
  if (is_behind() || encounters_ == nullptr) return Admission::kDial;  // on_dialled() asks again.
  ConnectionIdentity me = identity();
  me.zones.destination = zones.zone_of(address);
  const TimePoint now = clock_now();
  encounters_->meet(shard_.toxics(), me, now);
  me.encounters = encounters_.get();
  const Reception reception = faults_for(shard_.toxics(), me, now).reception;
  refusal_ = Reception::kDial;
  if (reception == Reception::kDial) return Admission::kDial;
  if (reception == Reception::kHold) return Admission::kHold;
  refusal_ = reception;
  return Admission::kRefuse;
}

void Connection::end_undialled(const Error& error, int number) {
  const bool is_refused = refusal_ != Reception::kDial;  // By a partition.
  if (!is_refused) shard_.note_dial_failure(destination(), error);
  if (encounters_ != nullptr && !is_refused) encounters_->note_undialled(shard_.toxics());
  const bool resets = is_refused ? refusal_ == Reception::kReset && greeter_ == nullptr
                                 : faults_ != nullptr && faults_->resets_undialled;
  if (greeter_ != nullptr && !resets) {
    greeter_->answer(*client_, {.error = is_refused ? ECONNREFUSED : number});
  }
  end(resets ? Ending::kReset : Ending::kClose,
      is_refused ? EndedBy::kToxic : EndedBy::kUnreachable);
}

bool Connection::is_behind() const {
  return changes_ != shard_.changes();
}

bool Connection::begin_catching_up(TimePoint now) {
  changes_ = shard_.changes();
  return shard_.begin_catching_up(*this, now);
}

bool Connection::catch_up(TimePoint now) {
  if (is_behind() && begin_catching_up(now)) apply_toxics(now);
  return !ended_;
}

/// Puts the shard's present toxics in force.
void Connection::apply_toxics(TimePoint now) {
  if (up_) note_traffic();  // What was sent so far was sent before.
  const ConnectionIdentity me = meet_toxics(now);
  if (watch_ != nullptr && encounters_ != nullptr) {
    watch_->look_at(shard_.toxics(), *encounters_, shard_.worker().index());
  }
  const bool was_held = is_held();
  set_faults(faults_for(shard_.toxics(), me, now));
  if (was_held && is_greeting()) dial_from_ = now;
  toxics_change_at_ = next_change(shard_.toxics(), me, now);
  if (!is_let_in()) return;
  if (up_) arrange(me, now);
  if (encounters_ != nullptr) encounters_->forget_others(shard_.all_toxics());
  if (up_) return settle(now);
  refusal_ = Reception::kDial;
  arrange_dial(now);  // It gets the other toxics there are when it opens.
  if (dial_ != nullptr) dial_->reconsider();
}

/// False if its toxics have ended it: of an open one, those of partitions.
bool Connection::is_let_in() {
  if (faults_ == nullptr) return true;
  const Reception reception = up_ ? faults_->if_open : faults_->reception;
  if (reception != Reception::kReset && reception != Reception::kClose) return true;
  end(reception == Reception::kReset ? Ending::kReset : Ending::kClose, EndedBy::kToxic);
  return false;
}

void Connection::be_counted(ConnectionCounter& counter, TimePoint now) const {
  ConnectionIdentity me{ordinal_, {}, opened_, zones_};
  if (counter.needs_client()) me.client = client_address_.address();
  if (counter.needs_destination()) me.destination = target();
  me.knows_client = greeter_ == nullptr || greeter_->knows_client();
  counter.count(shard_.worker().index(), me, now);
}

bool Connection::ends_without(const std::vector<const LiveToxic*>& removed,
                              const ToxicSet& before) {
  OnRemove how = OnRemove::kResume;
  for (const LiveToxic* toxic : removed) {
    const bool was_on = encounters_ != nullptr && encounters_->is_on(toxic->id);
    if (was_on) how = std::max(how, toxic->spec.reach.on_remove);
  }
  if (how == OnRemove::kResume) return false;
  end(how == OnRemove::kReset ? Ending::kReset : Ending::kClose, EndedBy::kToxic, before);
  return true;
}

ConnectionIdentity Connection::identity() const {
  ConnectionIdentity me{ordinal_, {}, opened_, zones_, false, up_.has_value()};
  if (need_client(shard_.toxics())) me.client = client_address_.address();
  if (need_destination(shard_.toxics())) me.destination = target();
  me.knows_client = greeter_ == nullptr || greeter_->knows_client();
  return me;
}

/// Which of the shard's present toxics are on it now.
ConnectionIdentity Connection::meet_toxics(TimePoint now) {
  ConnectionIdentity me = identity();
  if (encounters_ == nullptr) encounters_ = shard_.new_encounters(probe_ != nullptr);
  if (encounters_ != nullptr) encounters_->meet(shard_.toxics(), me, now);
  me.encounters = encounters_.get();
  return me;
}

void Connection::arrange(const ConnectionIdentity& identity, TimePoint now) {
  const ToxicSet& toxics = shard_.toxics();
  const std::size_t worker = shard_.worker().index();
  up_->arrange(stages_for(toxics, Direction::kUpstream, identity, worker, now), now);
  down_->arrange(stages_for(toxics, Direction::kDownstream, identity, worker, now), now);
}

void Connection::on_socket_ready(Socket& socket) noexcept {
  const TimePoint now = clock_now();
  if (!catch_up(now)) return;
  if (!up_) {
    if (is_greeting()) return hear_greeting();
    // The client has died before its upstream was reached.
    if (socket.is_broken()) end(Ending::kReset, EndedBy::kClient);
    return;
  }
  const bool is_client = &socket == client_.get();
  Pump& from = is_client ? *up_ : *down_;
  Pump& to = is_client ? *down_ : *up_;
  if (socket.may_write() && to.wants_to_write()) to.deliver(now);
  read(from, to, now);
  write_late(is_client ? Direction::kUpstream : Direction::kDownstream);
  settle(now);
}

bool Connection::will_read(const Socket& socket) noexcept {
  if (is_behind()) return false;  // It may not any more, by the toxics there are.
  return up_ && (&socket == client_.get() ? *up_ : *down_).will_pass_on();
}

/// Hands what the pump has read beforehand to the loop, to be written with the rest.
void Connection::write_late(Direction direction) {
  const bool is_up = direction == Direction::kUpstream;
  const std::string_view bytes = (is_up ? *up_ : *down_).to_write();
  if (bytes.empty()) return;
  CallBatch* batch = shard_.worker().loop().batch();
  VERIFY(batch != nullptr);
  (is_up ? *upstream_ : *client_)
      .write_late(*batch, bytes, *this, static_cast<std::size_t>(direction));
}

void Connection::on_written(std::size_t direction, ssize_t result) noexcept {
  const bool is_up = direction == static_cast<std::size_t>(Direction::kUpstream);
  (is_up ? *up_ : *down_).note_written(result, clock_now());
}

void Connection::on_batch_written() noexcept {
  if (!ended_) settle(clock_now());
}

/// Reads for `pump`; what comes the other way next, through `answers`, answers it.
void Connection::read(Pump& pump, Pump& answers, TimePoint now) {
  if (pump.read(now)) answers.note_turn(pump);
}

void Connection::on_alarm(Alarm& /*alarm*/, TimePoint /*rung*/) noexcept {
  const TimePoint now = clock_now();  // Others were told before us: bytes may have come since.
  if (!catch_up(now)) return;
  if (toxics_change_at_ <= now) return apply_toxics(now);
  if (!up_) return arrange_dial(now);
  if (keep_alive_at_ <= now) {
    if (faults_ == nullptr || !drops_all(faults_->upstream.drops)) upstream_->keep_alive(true);
    keep_alive_at_ = kNever;
  }
  up_->deliver(now);
  down_->deliver(now);
  read(*up_, *down_, now);
  read(*down_, *up_, now);
  settle(now);
}

/// Acts on what the pumps have come to. Must be the last call: it may end us.
void Connection::settle(TimePoint now) {
  note_traffic();
  // Nothing ends while the loop has something to write for us; then it comes back.
  if (!up_->to_write().empty() || !down_->to_write().empty()) return;
  // A side that is dead after its FIN has nothing more to read that would say so.
  if (client_->is_broken() && up_->source_is_done()) down_->note_dead_destination();
  if (upstream_->is_broken() && down_->source_is_done()) up_->note_dead_destination();
  if (const std::optional<Ending> how = ending(now)) {
    end(*how, ender(*how));
  } else {
    wait_for_more(now);
  }
}

std::optional<Connection::Ending> Connection::ending(TimePoint now) {
  const Pump::Outcome up = up_->outcome();
  const Pump::Outcome down = down_->outcome();
  const auto either = [&](Pump::Outcome outcome) { return up == outcome || down == outcome; };
  if (!first_end_ && up_->source_is_done()) first_end_ = EndedBy::kClient;
  if (!first_end_ && down_->source_is_done()) first_end_ = EndedBy::kUpstream;
  if (!first_end_ && either(Pump::Outcome::kFinished)) first_end_ = EndedBy::kToxic;
  if (either(Pump::Outcome::kReset)) return Ending::kReset;
  if (either(Pump::Outcome::kClose)) return Ending::kClose;

  // A side that is dead to writes, and has nothing more to say, is gone.
  const bool up_done = up == Pump::Outcome::kFinished;
  const bool down_done = down == Pump::Outcome::kFinished;
  if (up_->destination_is_dead() && down_done) return Ending::kReset;
  if (down_->destination_is_dead() && up_done) return Ending::kReset;
  if (!up_done || !down_done) return std::nullopt;
  if (up_->source_is_done() && down_->source_is_done()) return Ending::kDone;
  if (swallow_until_ <= now) {
    if (client_->is_acknowledged() && upstream_->is_acknowledged()) return Ending::kClose;
    swallow_until_ = kNever;
  }
  if (swallow_until_ == kNever) swallow_until_ = after(now, kSwallowing);
  return std::nullopt;
}

void Connection::wait_for_more(TimePoint now) {
  if (up_->outcome() == Pump::Outcome::kFinished) upstream_->finish();
  if (down_->outcome() == Pump::Outcome::kFinished) client_->finish();
  // A socket tells us of what is new only: what we have left, we come back for.
  const bool has_more = up_->can_read(now) || down_->can_read(now);
  // Not in the past: those who were there before us come first.
  const TimePoint due = std::min(
      {up_->next_due(), down_->next_due(), keep_alive_at_, toxics_change_at_, swallow_until_});
  alarm_.set(has_more ? now : std::max(now, due));
}

/// Who is behind an end that the pumps have come to.
EndedBy Connection::ender(Ending ending) const {
  if (ending == Ending::kDone) return first_end_.value_or(EndedBy::kProxy);
  if (ending == Ending::kClose) return EndedBy::kToxic;
  if (up_->was_reset_by_source()) return EndedBy::kClient;
  if (down_->was_reset_by_source()) return EndedBy::kUpstream;
  const bool is_toxic =
      up_->outcome() == Pump::Outcome::kReset || down_->outcome() == Pump::Outcome::kReset;
  if (is_toxic) return EndedBy::kToxic;
  return up_->destination_is_dead() ? EndedBy::kUpstream : EndedBy::kClient;
}

void Connection::close(Farewell farewell, EndedBy by) {
  end(farewell == Farewell::kReset ? Ending::kReset : Ending::kClose, by);
}

void Connection::end(Ending ending, EndedBy by) {
  end(ending, by, shard_.toxics());
}

void Connection::end(Ending ending, EndedBy by, const ToxicSet& in_force) {
  if (std::exchange(ended_, true)) return;
  note_end(ending, by, in_force);
  if (up_) note_traffic();
  watch_.reset();
  alarm_.set(kNever);
  dial_.reset();  // At once: it must not call us in what is left of this turn.
  // What the peers answer to their FIN has to be heard, also once the kernel alone has the socket.
  if (ending != Ending::kReset) set_faults({});
  up_.reset();
  down_.reset();
  encounters_.reset();  // While the toxics are there.
  close_socket(client_, ending);
  close_socket(upstream_, ending);
  shard_.retire(*this);
}

/// For those who ask what has become of it.
void Connection::note_end(Ending ending, EndedBy by, const ToxicSet& in_force) const {
  EndedConnection& record = shard_.worker().ended().next();
  const TimePoint now = clock_now();
  record.id = id();
  record.set_proxy(shard_.name());
  record.client = client_address_;
  record.set_destination(destination());
  record.opened = opened_;
  record.ended = now;
  record.by = by;
  record.was_reset = ending == Ending::kReset;
  record.received_bytes = record.sent_bytes = {};
  if (up_) {
    record.received_bytes = {up_->received_bytes(), down_->received_bytes()};
    record.sent_bytes = {up_->sent_bytes(), down_->sent_bytes()};
  }
  ConnectionIdentity me{ordinal_, client_address_.address(), opened_, zones_};
  me.encounters = encounters_.get();
  record.set_toxics(in_force, me, now);
}

void Connection::close_socket(std::unique_ptr<Socket>& socket, Ending ending) {
  if (socket == nullptr) return;
  if (ending == Ending::kClose) {
    shard_.worker().farewells().close(std::move(socket));
    return;
  }
  if (ending == Ending::kReset) socket->reset_on_close();
  socket.reset();
}

}  // namespace faultline
