#include "proxy/proxy.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/random.h"
#include "base/verify.h"
#include "proxy/life.h"
#include "proxy/packet_filter.h"
#include "proxy/packet_program.h"
#include "proxy/partition_reach.h"
#include "proxy/toxic_ramp.h"
#include "proxy/worker.h"
#include "proxy/workers.h"

namespace faultline {

namespace {

/// The numbers among its attributes, which were checked.
std::shared_ptr<const SampleTable> samples_of(const ToxicSpec& toxic) {
  const auto samples = toxic.type->samples_of(toxic.attributes);
  VERIFY(samples);
  return *samples;
}

ToxicStats stats_of(const LiveToxic& toxic) {
  ToxicStats stats{
      .name = toxic.spec.name, .type = toxic.spec.type->name, .direction = toxic.spec.direction};
  stats.acts_on_listener = toxic.acts_on_listener();
  for (const ToxicCounters& counters : *toxic.counters) {
    const auto value = [](const std::atomic<std::uint64_t>& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    stats.connections += value(counters.connections);
    stats.applied += value(counters.applied);
    stats.matched += value(counters.matched);
    stats.met += value(counters.met);
    stats.delayed_bytes += value(counters.delayed_bytes);
    stats.dropped_bytes += value(counters.dropped_bytes);
    stats.delay.add(counters.delay.snapshot());
    stats.error.add(counters.error.snapshot());
  }
  return stats;
}

/// Packet filters are for TCP.
bool is_tcp(const ProxySpec& spec) {
  return !spec.listen.starts_with("unix:") && !spec.upstream.starts_with("unix:");
}

Placement placement_of(const ProxySpec& spec, const Workers& workers) {
  return {.can_filter_packets = workers.may_filter_packets() && is_tcp(spec)};
}

/// Why packet filters cannot be had for `toxic` though the kernel would; else `refusal`.
std::string reason_for(std::string refusal, const ToxicSpec& toxic, const ProxySpec& spec,
                       const Workers& workers) {
  if (!workers.may_filter_packets()) return refusal;
  if (!is_tcp(spec)) {
    return "engine: a unix socket has no packets for the kernel to drop; `auto` and `model` serve "
           "it";
  }
  if (toxic.timing.bytes) {
    return "after and until in bytes cannot be had with engine kernel: give a time, or leave "
           "engine at auto";
  }
  return refusal;
}

void start_lives(std::vector<ToxicSpec>& toxics) {
  for (ToxicSpec& toxic : toxics) start_life(toxic.life);
}

/// What is known of all connections of a proxy of `spec` beforehand.
Foreknowledge known_of(const ProxySpec& spec) {
  return {.knows_clients = !spec.protocols.accepts_header,
          .destination = destination_of(spec.upstream)};
}

/// Whether the kernel takes what all of them together do to a listening socket.
Result<void> can_filter(const ToxicSet& toxics, const Foreknowledge& known) {
  const Result<PacketProgram> program = PacketProgram::build(listener_faults(toxics, known).drops);
  const Result<void> tried =
      program ? try_packet_filter(*program) : Result<void>(Fail(program.error()));
  if (tried) return {};
  return fail(ErrorKind::kInvalid, "the toxics together: " + tried.error().message);
}

/// The first connection that is new to a toxic that is made: of a part, new to its partition.
std::uint64_t first_new_for(const ToxicSpec& spec, const ToxicSet& before, std::uint64_t next) {
  if (!spec.part) return next;
  for (const LiveToxic& old : before) {
    const bool is_same = old.spec.part && old.spec.part->counts != nullptr &&
                         old.spec.part->partition == spec.part->partition &&
                         old.spec.part->since == spec.part->since;
    if (is_same) return old.first_new;
  }
  return next;
}

/// The parts of partitions do without the listening socket: the kernel would not take as many
/// prefixes. Those who dial are held, closed or reset once they are accepted.
void leave_listener_alone(ToxicSet& toxics) {
  for (LiveToxic& toxic : toxics) {
    if (toxic.spec.part) toxic.spec.part->dialling.reset();
  }
}

}  // namespace

Proxy::Proxy(Workers& workers, ChangeJournal& journal, std::uint64_t& last_id, EndedToxics& ended,
             std::uint64_t seed, const ProxySpec& spec, ProxyZones zones,
             std::vector<ToxicSpec> parts)
    : workers_(workers),
      journal_(journal),
      last_id_(last_id),
      ended_(ended),
      id_(++last_id),
      chance_key_(derive_key(seed, spec.name)),
      spec_(spec),
      zones_(std::move(zones)),
      parts_(std::move(parts)),
      shared_{.name = spec.name, .id = id_, .counters = &counters_},
      counters_(workers.size()) {
  const TimePoint began = clock_now();
  start_lives(spec_.toxics);
  live_toxics_ = make_live();
  note_engines(spec_, workers_);
  spec_.enabled = false;
  workers_.run_on_all([this](Worker& worker, std::size_t index) {
    auto shard =
        std::make_unique<Shard>(worker, shared_, counters_[index], spec_.route(), live_toxics_);
    shard->set_zones(zones_);
    worker.add_shard(id_, std::move(shard));
  });
  journal_.add_time(clock_now() - began);
}

Proxy::~Proxy() {
  if (spec_.enabled) stop();
  workers_.run_on_all([this](Worker& worker, std::size_t) { worker.remove_shard(id_); });
  journal_.tell_removal(*live_toxics_);
}

Result<bool> Proxy::is_elsewhere(const std::string& address, const Names& names) const {
  const Result<std::string> wanted = normal_address(address, names);
  if (!wanted) return Fail(wanted.error());
  const Result<HostPort> where = parse_host_port(*wanted);
  if (where && !where->is_unix && where->port == 0) return true;
  const Result<std::string> present = normal_address(spec_.listen, names);
  return *wanted != (present ? *present : spec_.listen);
}

void Proxy::start(ListeningSocket socket) {
  VERIFY(!listening_.is_open());
  const TimePoint began = clock_now();
  listening_ = std::move(socket);
  spec_.listen = listening_.address();
  spec_.enabled = true;
  workers_.run_on_all([this](Worker& worker, std::size_t) {
    worker.shard(id_).listen(listening_.fd(), listening_.family());
  });
  journal_.add_time(clock_now() - began);
}

ListeningSocket Proxy::stop() {
  close_connections([](Shard& shard) { shard.stop_listening(); }, [](Shard&) {});
  spec_.enabled = false;
  return std::exchange(listening_, ListeningSocket());
}

void Proxy::stop_accepting() {
  workers_.run_on_all([this](Worker& worker, std::size_t) { worker.shard(id_).stop_listening(); });
  listening_ = ListeningSocket();
}

void Proxy::set_route(const Route& route, ProxyZones zones, std::vector<ToxicSpec> parts) {
  spec_.upstream = route.upstream;
  spec_.protocols = route.protocols;
  zones_ = std::move(zones);
  parts_ = std::move(parts);
  // The old set lives until all have moved on.
  const std::shared_ptr<const ToxicSet> before = std::exchange(live_toxics_, make_live());
  // What is remembered of those there were is where they went.
  close_connections([](Shard&) {},
                    [&](Shard& shard) {
                      shard.set_route(route);
                      shard.set_zones(zones_);
                      shard.set_toxics(live_toxics_, nullptr, nullptr);  // There are none left.
                    });
}

/// On each worker in one go: `first`, then its connections are counted and closed, then `last`.
void Proxy::close_connections(const std::function<void(Shard&)>& first,
                              const std::function<void(Shard&)>& last) {
  const TimePoint began = clock_now();
  const ToxicSet none;
  ToxicChangeover all(*live_toxics_, none, workers_.size());
  workers_.run_on_all([&](Worker& worker, std::size_t) {
    Shard& shard = worker.shard(id_);
    first(shard);
    shard.count_connections(all);
    shard.close_connections();
    last(shard);
  });
  journal_.add_closed(all);
  journal_.add_time(clock_now() - began);
}

void Proxy::set_toxics(std::vector<ToxicSpec> toxics) {
  const TimePoint began = clock_now();
  spec_.toxics = std::move(toxics);
  start_lives(spec_.toxics);
  // The old set, and with it what its stages use, lives until all have moved on.
  const std::shared_ptr<const ToxicSet> before = std::exchange(live_toxics_, make_live());
  note_engines(spec_, workers_);
  ToxicChangeover changeover(*before, *live_toxics_, workers_.size());
  workers_.run_to_end([&](Worker& worker, std::size_t, const Workers::Done& done) {
    ConnectionCounter* const counter = journal_.is_read() ? &changeover : nullptr;
    worker.shard(id_).set_toxics(live_toxics_, counter, done);
  });
  journal_.tell_toxics(spec_.name, changeover, clock_now() - began);
}

void Proxy::name_zones(const std::string& zone, const std::string& client_zone) {
  spec_.zone = zone;
  spec_.client_zone = client_zone;
}

std::map<std::string, std::uint64_t> Proxy::set_zones(ProxyZones zones,
                                                      std::vector<ToxicSpec> parts) {
  const bool is_same_map = zones == zones_;
  zones_ = std::move(zones);
  parts_ = std::move(parts);
  const std::shared_ptr<const ToxicSet> before = std::exchange(live_toxics_, make_live());
  static const ToxicSet kNone;  // What parts of another map are for nobody can say any more.
  PartitionReach reach(is_same_map ? *before : kNone, *live_toxics_, workers_.size());
  workers_.run_to_end([&](Worker& worker, std::size_t, const Workers::Done& done) {
    Shard& shard = worker.shard(id_);
    if (!is_same_map) shard.set_zones(zones_);
    shard.set_toxics(live_toxics_, &reach, done);
  });
  return reach.sum();
}

Placement Proxy::placement() const {
  return placement_of(spec_, workers_);
}

Result<void> Proxy::can_serve(const ProxySpec& spec, const Workers& workers) {
  const Placement placement = placement_of(spec, workers);
  ToxicSet toxics;
  for (const ToxicSpec& toxic : spec.toxics) {
    LiveToxic& live = toxics.emplace_back();
    live.spec = toxic;
    for (const std::uint64_t step : telling_steps(toxic)) {
      live.effects = effects_for(toxic, step, nullptr, placement);  // Filters take none.
      if (live.effects.refusal.empty()) continue;
      const std::string reason = reason_for(live.effects.refusal, toxic, spec, workers);
      return fail(ErrorKind::kInvalid,
                  (toxic.part ? "partition `" : "toxic `") + toxic.name + "`: " + reason);
    }
  }
  if (have_parts(toxics)) return {};  // They can do without the listening socket.
  return can_filter(toxics, known_of(spec));
}

void Proxy::note_engines(ProxySpec& spec, const Workers& workers) {
  for (ToxicSpec& toxic : spec.toxics) {
    if (toxic.type->effects == nullptr || toxic.type->is_toxiproxys) continue;
    toxic.engine =
        effects_for(toxic, 0, samples_of(toxic).get(), placement_of(spec, workers)).engine;
  }
}

/// Of its toxics and the parts, in their order.
std::shared_ptr<const ToxicSet> Proxy::make_live() const {
  static const ToxicSet kNone;
  const std::uint64_t first_new = shared_.connections.load(std::memory_order_relaxed);
  const ToxicSet& before = live_toxics_ == nullptr ? kNone : *live_toxics_;
  const TimePoint now = clock_now();
  std::vector<ToxicSpec> specs = spec_.toxics;
  specs.insert(specs.end(), parts_.begin(), parts_.end());
  // A toxic that has come to stand before another is taken out and put in anew:
  // stages of a chain never change places.
  auto rest = before.begin();
  auto live = std::make_shared<ToxicSet>();
  for (const ToxicSpec& spec : specs) {
    const auto old = std::find_if(rest, before.end(), [&](const LiveToxic& candidate) {
      return is_same_toxic(candidate.spec, spec) &&
             candidate.spec.reach.limits == spec.reach.limits;
    });
    if (old == before.end()) {
      live->push_back(make_toxic(spec, first_new_for(spec, before, first_new), now));
      continue;
    }
    rest = std::next(old);
    LiveToxic& changed = live->emplace_back(*old);
    const bool had_filters = std::exchange(changed.placement, placement()).can_filter_packets;
    const bool is_served_anew = had_filters != changed.placement.can_filter_packets;
    const bool is_edited =
        changed.spec.attributes != spec.attributes || changed.spec.timing != spec.timing;
    if (is_edited) changed.ramp_since = now;
    if (is_edited || is_served_anew) {
      changed.revision += Ramp::kMostSteps + 1;
      changed.line = std::make_shared<SharedLine>();
      changed.samples = samples_of(spec);  // Only now: its stages use those that are there.
    }
    changed.spec = spec;
    changed.client_zones = client_zones_of(spec);
    changed.effects = effects_for(spec, 0, changed.samples.get(), changed.placement);
  }
  if (have_parts(*live) && !can_filter(*live, known_of(spec_))) leave_listener_alone(*live);
  return live;
}

std::vector<ZoneId> Proxy::client_zones_of(const ToxicSpec& toxic) const {
  std::vector<ZoneId> ids;
  for (const std::string& zone : toxic.match.client_zones) {
    // A zone that there is not, or not yet, is nobody's.
    const ZoneId id = zones_.map == nullptr ? kUnknownZone : zones_.map->id_of(zone);
    if (id != kUnknownZone) ids.push_back(id);
  }
  return ids;
}

LiveToxic Proxy::make_toxic(const ToxicSpec& spec, std::uint64_t first_new, TimePoint now) const {
  const auto& part = spec.part;
  LiveToxic made{.id = ++last_id_,
                 .revision = 0,
                 .spec = spec,
                 .placement = placement(),
                 .samples = samples_of(spec),
                 .chance_key = derive_key(chance_key_, part ? part->partition : spec.name),
                 .first_new = first_new,
                 .since = part ? part->since : now,
                 .ramp_since = now,
                 .counters = {},
                 .line = std::make_shared<SharedLine>()};
  made.client_zones = client_zones_of(spec);
  made.counters = part && part->is_counted
                      ? part->counts->toxic
                      : std::make_shared<std::vector<ToxicCounters>>(workers_.size());
  made.budget = part ? part->budget : budget_for(spec, made.id);
  made.effects = effects_for(spec, 0, made.samples.get(), made.placement);
  return made;
}

/// Whoever comes to a limit takes the toxic off everywhere and leaves word. What
/// he calls outlives the proxy's shards, and so every connection.
std::shared_ptr<ToxicBudget> Proxy::budget_for(const ToxicSpec& spec, std::uint64_t toxic) const {
  if (spec.reach.limits == ToxicLimits{}) return nullptr;
  const auto on_spent = [this, toxic](const std::string& reason) {
    workers_.post_to_all([proxy = id_](Worker& worker) {
      Shard* const shard = worker.find_shard(proxy);
      if (shard != nullptr) shard->refresh_toxics();
    });
    ended_.add({shared_.name, toxic, reason});
  };
  return std::make_shared<ToxicBudget>(spec.reach.limits, on_spent);
}

std::vector<const LiveToxic*> Proxy::parts() const {
  std::vector<const LiveToxic*> parts;
  for (const LiveToxic& toxic : *live_toxics_) {
    if (toxic.spec.part) parts.push_back(&toxic);
  }
  return parts;
}

ToxicSet Proxy::try_parts(const std::string& partition, const std::vector<ToxicSpec>& parts) const {
  ToxicSet all;
  const auto add = [&](const ToxicSpec& spec) {
    LiveToxic toxic;
    toxic.spec = spec;
    toxic.placement = placement();
    toxic.samples = samples_of(spec);
    toxic.effects = effects_for(spec, 0, toxic.samples.get(), toxic.placement);
    all.push_back(std::move(toxic));
  };
  const auto is_of_it = [&](const ToxicSpec& spec) {
    return spec.part && spec.part->partition == partition;
  };
  for (const ToxicSpec& spec : spec_.toxics) add(spec);
  for (const ToxicSpec& spec : parts_) {
    if (!is_of_it(spec)) add(spec);
  }
  for (const ToxicSpec& spec : parts) add(spec);
  if (!can_filter(all, known_of(spec_))) leave_listener_alone(all);
  ToxicSet tried;
  std::copy_if(all.begin(), all.end(), std::back_inserter(tried),
               [&](const LiveToxic& toxic) { return is_of_it(toxic.spec); });
  return tried;
}

std::string Proxy::name_of_toxic(std::uint64_t id) const {
  for (const LiveToxic& toxic : *live_toxics_) {
    if (toxic.id == id) return toxic.spec.name;
  }
  return "";
}

ProxyStats Proxy::stats() const {
  ProxyStats stats{.name = spec_.name,
                   .listen = spec_.listen,
                   .upstream = spec_.upstream,
                   .enabled = spec_.enabled};
  for (const ProxyCounters& counters : counters_) {
    const auto value = [](const ProxyCounters::Counter& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    stats.connections_total += value(counters.connections);
    stats.dial_errors += value(counters.dial_errors);
    stats.accept_errors += value(counters.accept_errors);
    stats.greeting_errors += value(counters.greeting_errors);
    for (const std::size_t direction : {0, 1}) {
      stats.received_bytes[direction] += value(counters.received_bytes[direction]);
      stats.sent_bytes[direction] += value(counters.sent_bytes[direction]);
    }
  }
  stats.connections_active = active_connections(counters_);
  for (const LiveToxic& toxic : *live_toxics_) {
    if (!toxic.spec.part) stats.toxics.push_back(stats_of(toxic));
  }
  return stats;
}

}  // namespace faultline
