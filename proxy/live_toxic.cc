#include "proxy/live_toxic.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/random.h"
#include "proxy/encounters.h"
#include "proxy/toxic_ramp.h"
#include "toxics/burst_scores.h"

namespace faultline {

namespace {

bool is_in(const SocketAddress& address, const std::vector<IpPrefix>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(*address.get()); });
}

/// An IP address without its port. IPv4 is four bytes, also where IPv6 writes
/// it; the address of a unix socket none.
struct AddressBytes {
  explicit AddressBytes(const SocketAddress& address) {
    if (address.family() == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
      take(&v4->sin_addr, 4);
    } else if (address.family() == AF_INET6) {
      const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
      const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6);
      take(&v6.s6_addr[is_mapped ? 12 : 0], is_mapped ? 4 : 16);
    }
  }
  std::string_view view() const { return {bytes.data(), size}; }

  std::array<char, 16> bytes{};
  std::size_t size = 0;

 private:
  void take(const void* from, std::size_t count) {
    std::memcpy(bytes.data(), from, count);
    size = count;
  }
};

/// The draw of a share: of its own, so that it and the toxicity multiply.
double draw_of(const LiveToxic& toxic, const ConnectionShare& share,
               const ConnectionIdentity& connection) {
  const std::uint64_t key = derive_key(toxic.chance_key, "share");
  if (share.by == ConnectionShare::By::kOrdinal) {
    return Random(derive_key(key, connection.ordinal)).unit();
  }
  return Random(derive_key(key, AddressBytes(connection.client).view())).unit();
}

bool names_clients(const ToxicMatch& match) {
  const bool draws_by_client = match.share && match.share->by == ConnectionShare::By::kClient;
  return !match.clients.empty() || !match.not_clients.empty() || draws_by_client;
}

/// Whether what is known beforehand is enough to say for whom it is, and spares nobody else.
bool is_known_to_match(const ToxicMatch& match, const Foreknowledge& known) {
  if (!known.knows_clients && names_clients(match)) return false;
  if (!match.client_zones.empty()) return false;  // The parts of partitions know them beforehand.
  return match.destinations.empty() || covers(match.destinations, known.destination);
}

bool has_stage(const LiveToxic& toxic, Direction direction) {
  switch (toxic.effects.links) {
    case Links::kOwn:
    case Links::kWhole:
    case Links::kNone:  // One that does nothing: to be counted.
      return toxic.spec.direction == direction;
    case Links::kUpstream:
      return direction == Direction::kUpstream;
    case Links::kDownstream:
      return direction == Direction::kDownstream;
    case Links::kBoth:
      return true;
  }
  return false;
}

/// Whether the connection's first byte will be the toxic's as well.
bool begins_with(const ConnectionIdentity& connection, const LiveToxic& toxic) {
  const auto& bytes = toxic.spec.timing.bytes;
  return connection.is_beginning && connection.ordinal >= toxic.first_new &&
         (!bytes || bytes->after == 0);
}

double lost_of_both(double one, double other) {
  if (!(one > 0)) return other;  // Exactly: what is below is rounded.
  if (!(other > 0)) return one;
  return 1 - (1 - one) * (1 - other);
}

/// Of two limits where 0 is none.
std::size_t lower(std::size_t one, std::size_t other) {
  if (one == 0 || other == 0) return std::max(one, other);
  return std::min(one, other);
}

/// Adds `rule` to those of the same sources, which then drop what each would:
/// the rules of a socket do not grow with the number of its toxics.
void add(PacketRules& rules, const PacketRule& rule) {
  if (rule.is_empty()) return;
  const auto same = std::find_if(rules.begin(), rules.end(), [&](const PacketRule& other) {
    return other.sources == rule.sources && other.spared == rule.spared;
  });
  if (same == rules.end()) {
    rules.push_back(rule);
    return;
  }
  same->drop_all |= rule.drop_all;
  same->loss = lost_of_both(same->loss, rule.loss);
  same->longer_than = lower(same->longer_than, rule.longer_than);
}

/// Whether its ramp goes where packet filters cannot serve it.
bool ramps_beyond_kernel(const ToxicSpec& toxic, const SampleTable* samples,
                         const Placement& placement) {
  const std::vector<std::uint64_t> steps = telling_steps(toxic);
  return std::any_of(steps.begin(), steps.end(), [&](std::uint64_t step) {
    const Effects effects = toxic.type->effects_of(attributes_at(toxic, step), samples, placement);
    return effects.engine != Engine::kKernel;
  });
}

}  // namespace

Effects effects_for(const ToxicSpec& toxic, std::uint64_t step, const SampleTable* samples,
                    Placement placement) {
  const ToxicTiming& timing = toxic.timing;
  placement.stream = toxic.direction;
  if (timing.bytes) placement.can_filter_packets = false;
  if (timing.ramp && placement.can_filter_packets) {
    placement.can_filter_packets = !ramps_beyond_kernel(toxic, samples, placement);
  }
  Effects effects = toxic.type->effects_of(attributes_at(toxic, step), samples, placement);
  // Of a handshake packets go both ways: it takes one direction to be cut.
  if (toxic.part && toxic.part->cuts()) {
    effects.reception = std::max(effects.reception, Reception::kHold);
    effects.from_dialling.drop_all = effects.engine == Engine::kKernel;
  }
  if (timing.bytes || timing.time != TimeWindow{}) {
    effects.reception = Reception::kDial;
    effects.listening = Listening::kOpen;
    effects.from_dialling = {};
    effects.mirrors_upstream = false;
  }
  if (timing.bytes) {  // Its stage sees which bytes it is for; what is not about bytes is not.
    effects.shuts_client_window = effects.shuts_upstream_window = false;
    effects.dial_delay.reset();
    effects.resets_undialled = false;
  }
  return effects;
}

bool is_same_toxic(const ToxicSpec& a, const ToxicSpec& b) {
  return a.name == b.name && a.type == b.type && a.direction == b.direction &&
         a.part.has_value() == b.part.has_value();
}

Verdict LiveToxic::match_of(const ConnectionIdentity& connection) const {
  const bool is_new = connection.ordinal >= first_new;
  const Scope other = is_new ? Scope::kOpen : Scope::kNew;
  if (effects.scope == other || spec.reach.affects == other) return Verdict::kScope;
  const ToxicMatch& match = spec.match;
  if (!connection.knows_client && names_clients(match)) return Verdict::kClient;
  const bool is_named = (match.clients.empty() && match.client_zones.empty()) ||
                        is_in(connection.client, match.clients) ||
                        std::find(client_zones.begin(), client_zones.end(),
                                  connection.zones.client) != client_zones.end();
  if (!is_named || is_in(connection.client, match.not_clients)) return Verdict::kClient;
  if (spec.part && spec.part->pair != connection.zones) return Verdict::kZone;
  if (!match.destinations.empty() && !covers(match.destinations, connection.destination)) {
    return Verdict::kDestination;
  }
  const bool counts = match.count != ConnectionCount{};
  if (counts && (!is_new || !match.count.covers(connection.ordinal - first_new))) {
    return Verdict::kCount;
  }
  if (match.share && draw_of(*this, *match.share, connection) >= match.share->share) {
    return Verdict::kShare;
  }
  Random draw(derive_key(chance_key, connection.ordinal));
  const bool is_drawn = draw.unit() < static_cast<double>(spec.toxicity);
  return is_drawn ? Verdict::kApplies : Verdict::kToxicity;
}

Verdict LiveToxic::verdict_on(const ConnectionIdentity& connection, TimePoint now) const {
  if (applies_to(connection, now)) return Verdict::kApplies;
  const Verdict match = match_of(connection);
  if (match != Verdict::kApplies) return match;
  if (spec.reach.shadow) return Verdict::kShadow;
  const bool is_refused = budget != nullptr && is_in_force(connection, now);
  return is_spent() || is_refused ? Verdict::kLimit : Verdict::kTime;
}

bool LiveToxic::is_in_force(const ConnectionIdentity& connection, TimePoint now) const {
  return !spec.reach.shadow && !is_spent() &&
         spec.timing.time.in_force(std::max(connection.opened, since), now);
}

bool LiveToxic::acts_at_once(const ConnectionIdentity& connection) const {
  const bool receives = effects.reception != Reception::kDial || effects.dial_delay;
  return !effects.from_client.is_empty() || !effects.from_upstream.is_empty() ||
         effects.shuts_client_window || effects.shuts_upstream_window ||
         (receives && !connection.is_dialled) || ends_open();
}

bool LiveToxic::applies_to(const ConnectionIdentity& connection, TimePoint now) const {
  if (connection.encounters != nullptr) return connection.encounters->is_on(id);
  return is_in_force(connection, now) && matches(connection);
}

bool LiveToxic::applies_to_all_new() const {
  const ToxicMatch& match = spec.match;
  const ToxicReach& reach = spec.reach;
  if (reach.shadow || reach.limits.max_connections || reach.limits.max_share) return false;
  return effects.scope != Scope::kOpen && reach.affects != Scope::kOpen && spec.toxicity >= 1 &&
         match.count == ConnectionCount{} && match.not_clients.empty() &&
         (!match.share || match.share->share >= 1);
}

bool have_parts(const ToxicSet& toxics) {
  return std::any_of(toxics.begin(), toxics.end(),
                     [](const LiveToxic& toxic) { return toxic.spec.part.has_value(); });
}

bool need_client(const ToxicSet& toxics) {
  return std::any_of(toxics.begin(), toxics.end(),
                     [](const LiveToxic& toxic) { return names_clients(toxic.spec.match); });
}

bool need_destination(const ToxicSet& toxics) {
  return std::any_of(toxics.begin(), toxics.end(),
                     [](const LiveToxic& toxic) { return !toxic.spec.match.destinations.empty(); });
}

TimePoint next_change(const ToxicSet& toxics, const ConnectionIdentity& connection, TimePoint now) {
  TimePoint next = kNever;
  for (const LiveToxic& toxic : toxics) {
    const TimePoint reached = std::max(connection.opened, toxic.since);
    next = std::min(next, toxic.spec.timing.time.next_change(reached, now));
  }
  return next;
}

std::vector<StagePlan> stages_for(const ToxicSet& toxics, Direction direction,
                                  const ConnectionIdentity& connection, std::size_t worker,
                                  TimePoint now) {
  std::vector<StagePlan> stages;
  for (const LiveToxic& toxic : toxics) {
    if (!has_stage(toxic, direction) || !toxic.applies_to(connection, now)) continue;
    const std::uint64_t key = derive_key(derive_key(toxic.chance_key, connection.ordinal), 1);
    const bool is_own = toxic.spec.direction == direction;
    stages.push_back(
        {.id = toxic.id,
         .revision = toxic.revision,
         .type = toxic.effects.links == Links::kNone ? find_toxic_type("noop") : toxic.spec.type,
         .attributes = &toxic.spec.attributes,
         .chance_key = is_own ? key : derive_key(key, 2),
         .connection_key = key,
         .direction = direction,
         .is_new = begins_with(connection, toxic),
         .samples = toxic.samples.get(),
         .bytes = toxic.spec.timing.bytes,
         .counters = &(*toxic.counters)[worker],
         .applied =
             connection.encounters == nullptr ? nullptr : connection.encounters->applied(toxic.id),
         .budget = toxic.budget.get(),
         .counts_connection = toxic.effects.links != Links::kBoth || is_own,
         .line = toxic.line.get()});
  }
  return stages;
}

ConnectionFaults faults_for(const ToxicSet& toxics, const ConnectionIdentity& connection,
                            TimePoint now) {
  ConnectionFaults faults;
  for (const LiveToxic& toxic : toxics) {
    if (toxic.spec.type->effects == nullptr || !toxic.applies_to(connection, now)) continue;
    const Effects& effects = toxic.effects;
    add(faults.client.drops, effects.from_client);
    add(faults.upstream.drops, effects.from_upstream);
    faults.client.shuts_window |= effects.shuts_client_window;
    faults.upstream.shuts_window |= effects.shuts_upstream_window;
    faults.reception = std::max(faults.reception, effects.reception);
    if (toxic.ends_open()) faults.if_open = std::max(faults.if_open, effects.reception);
    if (effects.dial_delay) {
      const std::uint64_t key = derive_key(toxic.chance_key, "dial");
      BurstScores scores(key, effects.dial_delay->correlation);
      const double score = scores.at(static_cast<std::uint32_t>(connection.ordinal));
      const Duration more = effects.dial_delay->model.at(score);
      faults.dial_delay = std::min(faults.dial_delay + more, kLongest);
    }
    faults.resets_undialled |= effects.resets_undialled;
  }
  return faults;
}

ListenerFaults listener_faults(const ToxicSet& toxics, const Foreknowledge& known) {
  ListenerFaults faults;
  for (const LiveToxic& toxic : toxics) {
    if (!toxic.applies_to_all_new() || !is_known_to_match(toxic.spec.match, known)) continue;
    const auto& part = toxic.spec.part;
    if (part && !part->dialling) continue;
    const std::vector<IpPrefix>& clients = part ? part->dialling->in : toxic.spec.match.clients;
    const std::vector<IpPrefix> spared = part ? part->dialling->out : std::vector<IpPrefix>();
    if (clients.empty() && spared.empty()) {
      faults.listening = std::max(faults.listening, toxic.effects.listening);
      if (toxic.effects.mirrors_upstream) {
        faults.mirrors_upstream = true;
        faults.mirrors_by_filter = toxic.placement.can_filter_packets;
      }
    }
    PacketRule rule = toxic.effects.from_dialling;
    rule.sources = clients;
    rule.spared = spared;
    add(faults.drops, rule);
  }
  return faults;
}

}  // namespace faultline
