#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "control-api/event_log.h"
#include "control-api/runs.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline {

/// Plays timelines on a registry: begins and ends the faults of their steps, and tells. On the
/// control thread; it is told the time, and has no timer.
class RunEngine {
 public:
  /// All must outlive it; `events` may be null.
  RunEngine(Registry& registry, const Workers& workers, EventLog* events, std::uint64_t id_seed)
      : registry_(registry), workers_(workers), events_(events), runs_(id_seed) {}

  const Runs& runs() const { return runs_; }

  /// Whether each step could begin now: its zones and proxies exist, and can have its fault.
  /// Changes nothing. Errors name the step: kInvalid, kConflict, kHalted.
  Result<void> check(const Timeline& timeline, Duration max_ttl) const;

  /// Begins to play `draft`, which says all but what comes of it, and returns its id. REQUIRES:
  /// checked. Errors (kConflict): too many are under way.
  Result<std::string> start(Run draft, const Cause& cause, TimePoint now);

  /// When advance() is to be called next, or kNever.
  TimePoint next() const { return runs_.next(); }
  /// Begins and ends the steps that are due. A run whose step cannot begin ends, and leaves
  /// nothing behind.
  void advance(TimePoint now);

  /// Ends the run of that id early, unless it has ended: its faults are gone on return. `cause`
  /// is who does it.
  void end(const std::string& id, RunState state, const std::string& why, const Cause& cause,
           TimePoint now);
  void end_all(RunState state, const std::string& why, const Cause& cause, TimePoint now);
  /// Those that are bound to one of these leases.
  void end_with(const std::set<std::string>& leases, TimePoint now);

  /// The run of that id as /v1 shows it, as JSON; nothing if there is none, or none any more.
  std::optional<std::string> json_of(const std::string& id, TimePoint now);

 private:
  std::string effect_of(const Run& run, std::size_t step) const;
  Result<void> check_toxic(const TimelineStep& step) const;
  std::vector<std::string> proxies_of(const TimelineStep& step) const;
  void advance(Run& run, TimePoint now);
  Result<void> begin(Run& run, std::size_t index);
  void end_step(Run& run, std::size_t index, TimePoint now);
  void finish(Run& run, RunState state, const std::string& why, Cause cause, TimePoint now);
  void tell(EventDraft draft, const Run& run) const;
  void tell_step(const std::string& type, const Run& run, std::size_t index) const;

  Registry& registry_;
  const Workers& workers_;
  EventLog* const events_;
  Runs runs_;
};

}  // namespace faultline
