#include "proxy/connection_view.h"

#include <algorithm>
#include <utility>

#include "proxy/connection.h"
#include "proxy/shard.h"

namespace faultline {

namespace {

constexpr std::array<std::pair<ConnectionState, std::string_view>, 7> kStateNames = {
    {{ConnectionState::kGreeting, "greeting"},
     {ConnectionState::kDialling, "dialling"},
     {ConnectionState::kHeld, "held"},
     {ConnectionState::kOpen, "open"},
     {ConnectionState::kHalfClosedUpstream, "half-closed-upstream"},
     {ConnectionState::kHalfClosedDownstream, "half-closed-downstream"},
     {ConnectionState::kClosing, "closing"}}};

/// "" for the peer of a socket that is dead.
std::string text_of(const SocketAddress& address) {
  return address.length == 0 ? "" : to_string(address);
}

LinkView view_of(const Pump& pump) {
  return {.received_bytes = pump.received_bytes(),
          .sent_bytes = pump.sent_bytes(),
          .held_bytes = pump.held_bytes(),
          .waiting_bytes = pump.waiting_bytes()};
}

/// Adds what the stages of each toxic have done; they are in the order of `toxics`.
void add(std::vector<ToxicView>& views, const ToxicSet& toxics, const Pump& pump) {
  std::size_t index = 0;
  for (const StageReport& stage : pump.report()) {
    while (index < toxics.size() && toxics[index].id != stage.toxic) ++index;
    if (index == toxics.size()) return;
    ToxicView& view = views[index];
    view.passed_bytes += stage.passed_bytes;
    view.delayed_bytes += stage.delayed_bytes;
    view.dropped_bytes += stage.dropped_bytes;
    view.held_bytes += stage.held_bytes;
  }
}

}  // namespace

std::string_view to_string(ConnectionState state) {
  for (const auto& [known, name] : kStateNames) {
    if (known == state) return name;
  }
  return "";
}

Result<ConnectionState> parse_connection_state(std::string_view text) {
  std::string all;
  for (const auto& [state, name] : kStateNames) {
    if (name == text) return state;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  return fail(ErrorKind::kInvalid,
              "`" + std::string(text) + "` is not a state of a connection: they are " + all);
}

ConnectionState Connection::state() const {
  if (is_greeting()) return ConnectionState::kGreeting;
  const bool is_dialling = dial_ != nullptr && !dial_->is_held();
  if (!up_) return is_dialling ? ConnectionState::kDialling : ConnectionState::kHeld;
  const auto has_ended = [](const Pump& pump) {
    return pump.source_is_done() || pump.outcome() != Pump::Outcome::kFlowing;
  };
  const bool up = has_ended(*up_);
  const bool down = has_ended(*down_);
  if (up && down) return ConnectionState::kClosing;
  if (up) return ConnectionState::kHalfClosedUpstream;
  return down ? ConnectionState::kHalfClosedDownstream : ConnectionState::kOpen;
}

ConnectionId Connection::id() const {
  return {shard_.proxy(), ordinal_};
}

TimePoint Connection::last_read() const {
  return up_ ? std::max({opened_, up_->last_read(), down_->last_read()}) : opened_;
}

bool Connection::meets(std::string_view toxic, TimePoint now) const {
  const ToxicSet& toxics = shard_.toxics();
  ConnectionIdentity me = identity();
  me.encounters = encounters_.get();
  return std::any_of(toxics.begin(), toxics.end(), [&](const LiveToxic& candidate) {
    return candidate.spec.name == toxic && candidate.applies_to(me, now);
  });
}

ConnectionView Connection::view(TimePoint now) const {
  ConnectionView view;
  view.id = id();
  view.proxy = shard_.name();
  view.client = client_address_.text();
  view.client_name = client_name();
  view.destination = destination();
  view.opened = wall_time_of(opened_);
  view.age = std::max(now - opened_, Duration(0));
  view.idle = std::max(now - last_read(), Duration(0));
  view.state = state();
  ConnectionIdentity me = identity();
  me.encounters = encounters_.get();
  const ToxicSet& all = shard_.all_toxics();
  auto present = shard_.toxics().begin();  // All of them, but for those that are off just now.
  for (const LiveToxic& toxic : all) {
    const bool is_on = present != shard_.toxics().end() && present->id == toxic.id;
    view.toxics.push_back({.name = toxic.spec.name,
                           .type = toxic.spec.type->name,
                           .direction = toxic.spec.direction,
                           .verdict = is_on              ? present->verdict_on(me, now)
                                      : toxic.is_spent() ? Verdict::kLimit
                                                         : Verdict::kPulse});
    if (is_on) ++present;
  }
  if (!up_) return view;
  view.upstream = dialled_.is_ip() ? dialled_.text() : shard_.upstream();
  view.upstream_local = text_of(upstream_->local_address());
  view.links = {view_of(*up_), view_of(*down_)};
  add(view.toxics, all, *up_);
  add(view.toxics, all, *down_);
  return view;
}

Connection::Traces Connection::traces() const {
  Traces traces;
  if (up_) traces.held_bytes = up_->held_bytes() + down_->held_bytes();
  traces.is_held = state() == ConnectionState::kHeld;
  traces.has_faults = faults_ != nullptr &&
                      (faults_->client != SocketFaults{} || faults_->upstream != SocketFaults{});
  return traces;
}

}  // namespace faultline
