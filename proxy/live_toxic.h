#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/names.h"
#include "proxy/spec.h"
#include "proxy/verdict.h"
#include "toxics/effects.h"
#include "toxics/toxic_chain.h"
#include "toxics/toxic_counters.h"

namespace faultline {

class Encounters;

/// What decides whether a toxic applies to a connection.
struct ConnectionIdentity {
  std::uint64_t ordinal = 0;  ///< Its number on its proxy.
  SocketAddress client{};     ///< Empty where none is needed, or there is none.
  TimePoint opened{};
  ZonePair zones{};           ///< As far as they are known.
  bool is_beginning = false;  ///< Its links are being made: no byte has passed.
  bool is_dialled = false;    ///< Its upstream was reached.
  /// What it has had to do with the toxics it met; null: nothing is kept, and no
  /// toxic's limits are asked.
  Encounters* encounters = nullptr;
  bool knows_client = true;   ///< `client` is who it is; false while that is yet to be said.
  Destination destination{};  ///< As far as it is known, where that is needed.
};

/// What is known of all connections of a proxy before there is one.
struct Foreknowledge {
  bool knows_clients = true;  ///< Who connects is the client: nobody speaks for another.
  Destination destination{};  ///< Of them all.
};

/// A toxic in force on a proxy, as the workers see it. Immutable.
struct LiveToxic {
  std::uint64_t id = 0;  ///< One for each toxic ever made; never 0.
  /// Changes whenever the attributes do. Between two changes by its user there
  /// is room for the steps of a ramp.
  std::uint64_t revision = 0;
  ToxicSpec spec;
  Placement placement{};
  std::shared_ptr<const SampleTable> samples{};  ///< Null if it was given none.
  Effects effects{};
  std::uint64_t chance_key = 0;
  std::vector<ZoneId> client_zones{};  ///< Those of its match, in the present map.
  std::uint64_t first_new = 0;         ///< The first connection made since it is there.
  TimePoint since{};                   ///< When it was made.
  TimePoint ramp_since{};              ///< When its ramp began, with these settings.
  /// One for each worker.
  std::shared_ptr<std::vector<ToxicCounters>> counters;
  /// A new one for each revision: what was on its way at the old settings does
  /// not hold up what comes.
  std::shared_ptr<SharedLine> line;
  std::shared_ptr<ToxicBudget> budget{};  ///< Null if it has no limits.

  /// Whether it is for a connection, when it is in force, and why not: its match and its
  /// draws. Toxicity is drawn from the key and the ordinal alone, so it holds until
  /// `toxicity` moves past the draw.
  Verdict match_of(const ConnectionIdentity& connection) const;
  bool matches(const ConnectionIdentity& connection) const {
    return match_of(connection) == Verdict::kApplies;
  }
  /// Whether it is in force there, by its time; a shadow never is, nor one that is spent.
  bool is_in_force(const ConnectionIdentity& connection, TimePoint now) const;
  bool is_spent() const { return budget != nullptr && budget->is_spent(); }
  /// Whether it does something to a connection as soon as it is on it, with no byte moved.
  bool acts_at_once(const ConnectionIdentity& connection) const;

  /// Whether clients may feel it before they have a connection that could be counted.
  bool acts_on_listener() const {
    return effects.listening != Listening::kOpen || effects.mirrors_upstream ||
           !effects.from_dialling.is_empty();
  }

  /// Whether it applies to a connection: all of this, or what the connection's
  /// encounters say, where it has some.
  bool applies_to(const ConnectionIdentity& connection, TimePoint now) const;
  /// Whether it does, and why not.
  Verdict verdict_on(const ConnectionIdentity& connection, TimePoint now) const;
  /// Whether it is that of a partition which nothing may cross.
  bool cuts() const { return spec.part && spec.part->cuts(); }
  /// Whether it ends open connections as well as it receives others: at once, with what is under
  /// way. (A toxic of nobody's partition lets that go first.)
  bool ends_open() const {
    return cuts() &&
           (effects.reception == Reception::kClose || effects.reception == Reception::kReset);
  }
  /// Whether nobody of those who connect, from its clients, is spared; with a
  /// limit on connections somebody may be. A packet
  /// filter can be for some addresses, not for all but some: with `not_clients`
  /// somebody is.
  bool applies_to_all_new() const;
};

/// Whether both describe the same toxic, maybe with other settings.
bool is_same_toxic(const ToxicSpec& a, const ToxicSpec& b);

/// The toxics of one proxy at one time, in chain order, both directions mixed.
using ToxicSet = std::vector<LiveToxic>;

/// What `toxic` does beside moving bytes, at a step of its ramp (0 if it has none).
/// One that is for a part of a connection lets it begin as ever; one that is for
/// some of its bytes drops no packets and delays no dial: all it does is its
/// stage's doing. Nor does one drop packets whose ramp goes where the kernel
/// cannot: its engine is the same all the way.
Effects effects_for(const ToxicSpec& toxic, std::uint64_t step, const SampleTable* samples,
                    Placement placement);

/// Whether one of them is a part of a partition.
bool have_parts(const ToxicSet& toxics);

/// Whether a connection's client matters to any of them.
bool need_client(const ToxicSet& toxics);
/// Whether its destination does.
bool need_destination(const ToxicSet& toxics);

/// When one of them next begins or ends to apply to a connection, by the time
/// since it reached it; or kNever.
TimePoint next_change(const ToxicSet& toxics, const ConnectionIdentity& connection, TimePoint now);

/// The stages that a connection gets in one direction, on worker number
/// `worker`. Points into `toxics`.
std::vector<StagePlan> stages_for(const ToxicSet& toxics, Direction direction,
                                  const ConnectionIdentity& connection, std::size_t worker,
                                  TimePoint now);

/// What is wrong with one of a connection's sockets.
struct SocketFaults {
  PacketRules drops;          ///< Of what arrives; one rule at most, for all sources.
  bool shuts_window = false;  ///< The peer is told that there is no room for more.

  bool operator==(const SocketFaults&) const = default;
};

/// What all toxics of a connection together do to it, beside its stages.
struct ConnectionFaults {
  SocketFaults client;
  SocketFaults upstream;
  Reception reception = Reception::kDial;
  Reception if_open = Reception::kDial;  ///< The same of one that is dialled: kClose, kReset.
  Duration dial_delay{0};
  bool resets_undialled = false;

  bool operator==(const ConnectionFaults&) const = default;
};
ConnectionFaults faults_for(const ToxicSet& toxics, const ConnectionIdentity& connection,
                            TimePoint now);

/// What all toxics together do to the listening socket: those of them that are known to be for
/// whoever connects.
struct ListenerFaults {
  Listening listening = Listening::kOpen;
  PacketRules drops;
  bool mirrors_upstream = false;
  bool mirrors_by_filter = false;  ///< A silent upstream by a filter, else by a full queue.

  bool operator==(const ListenerFaults&) const = default;
};
ListenerFaults listener_faults(const ToxicSet& toxics, const Foreknowledge& known = {});

}  // namespace faultline
