#include "control-api/run_engine.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/nearest_name.h"
#include "base/quantities.h"
#include "control-api/json_writer.h"
#include "control-api/partition_json.h"
#include "control-api/run_json.h"
#include "proxy/proxy.h"

namespace faultline {

namespace {

/// A fault that its run does not end, because that is stuck or gone, ends so much later.
constexpr Duration kGrace = std::chrono::seconds(5);

Fail in_step(const TimelineStep& step, Error error) {
  if (error.pointer.empty()) error.pointer = step.pointer;
  return within("step `" + step.name + "`", std::move(error));
}

/// What the run says of the fault of each of its steps.
ToxicLife life_of(const Run& run, const TimelineStep& step) {
  ToxicLife life;
  life.ttl = step.end - step.start + kGrace;
  life.lease = run.lease;
  life.owner = run.owner;
  life.reason = run.reason;
  return life;
}

/// Of a partition, all its pairs.
PairStatus sum_of(const LivePartition& partition) {
  PairStatus sum;
  for (const PairStatus& pair : partition.pairs()) {
    sum.matched += pair.matched;
    sum.crossed_connections += pair.crossed_connections;
    sum.crossed_bytes += pair.crossed_bytes;
  }
  return sum;
}

bool should_hold(const PartitionSpec& partition) {
  return cuts(partition.mode) && !partition.fault.reach.shadow;
}

/// The counts of the toxic of that name on those proxies.
ToxicStats counts_of(const Registry& registry, const std::vector<std::string>& proxies,
                     const std::string& name) {
  ToxicStats sum;
  for (const ProxyStats& proxy : registry.stats()) {
    if (std::find(proxies.begin(), proxies.end(), proxy.name) == proxies.end()) continue;
    for (const ToxicStats& toxic : proxy.toxics) {
      if (toxic.name != name) continue;
      sum.matched += toxic.matched;
      sum.applied += toxic.applied;
    }
  }
  return sum;
}

std::string toxic_effect_json(const ToxicStats& counts, const std::vector<std::string>& proxies) {
  std::string list;
  for (const std::string& proxy : proxies) list += (list.empty() ? "" : ",") + json_string(proxy);
  return R"({"matched":)" + std::to_string(counts.matched) + R"(,"applied":)" +
         std::to_string(counts.applied) + R"(,"proxies":[)" + list + "]}";
}

}  // namespace

/// The one of that name, else those that the pattern fits.
std::vector<std::string> RunEngine::proxies_of(const TimelineStep& step) const {
  std::vector<std::string> names;
  for (const ProxySpec* proxy : registry_.list()) {
    if (proxy->name == step.proxy) return {proxy->name};
    if (fnmatch(step.proxy.c_str(), proxy->name.c_str(), 0) == 0) names.push_back(proxy->name);
  }
  return names;
}

Result<void> RunEngine::check_toxic(const TimelineStep& step) const {
  const auto names = proxies_of(step);
  if (names.empty()) {
    std::vector<std::string> all;
    for (const ProxySpec* proxy : registry_.list()) all.push_back(proxy->name);
    return fail(ErrorKind::kInvalid,
                "there is no proxy `" + step.proxy + "`" + did_you_mean(step.proxy, all));
  }
  for (const std::string& name : names) {
    const auto proxy = registry_.find(name);
    if (!proxy) return Fail(proxy.error());
    ProxySpec with = **proxy;
    with.toxics.push_back(*step.toxic);
    if (auto known = check_zones(with, registry_.partitions().zones()); !known) {
      return within("proxy `" + name + "`", known.error());
    }
    if (auto served = Proxy::can_serve(with, workers_); !served) {
      return within("proxy `" + name + "`", served.error());
    }
  }
  return {};
}

Result<void> RunEngine::check(const Timeline& timeline, Duration max_ttl) const {
  if (registry_.is_halted()) {
    return fail(ErrorKind::kHalted,
                std::string(kAreHalted) + ": no run begins until that is lifted");
  }
  if (auto may = runs_.may_add(); !may) return may;
  for (const TimelineStep& step : timeline.steps) {
    const bool has_fault = step.partition || step.toxic;
    if (has_fault && step.end - step.start > max_ttl) {
      return in_step(step, {ErrorKind::kInvalid,
                            "a fault lasts at most " + duration_text(max_ttl) +
                                " here (--max-ttl), not " + duration_text(step.end - step.start),
                            step.length_pointer});
    }
    Result<void> checked;
    if (step.partition) {
      const auto tried = registry_.put_partition(*step.partition, Registry::Attempt::kTry);
      if (!tried) checked = Fail(tried.error());
    } else if (step.toxic) {
      checked = check_toxic(step);
    }
    if (!checked) return in_step(step, checked.error());
  }
  return {};
}

Result<std::string> RunEngine::start(Run draft, const Cause& cause, TimePoint now) {
  auto added = runs_.add(std::move(draft), now);
  if (!added) return Fail(added.error());
  Run& run = **added;
  log(LogLevel::kInfo, "run", "begun",
      {{"run", run.id},
       {"timeline", run.timeline.name},
       {"for", duration_text(run.timeline.length)},
       {"owner", run.owner},
       {"reason", run.reason}});
  tell({.type = "run.started",
        .cause = cause,
        .after = R"({"timeline":)" + json_string(run.timeline.name) + R"(,"steps":)" +
                 std::to_string(run.steps.size()) + R"(,"for":)" +
                 json_string(duration_text(run.timeline.length)) + R"(,"speed":)" +
                 json_string(run.speed) + "}"},
       run);
  const std::string id = run.id;
  advance(run, now);  // It may have ended, and be gone.
  return id;
}

void RunEngine::advance(TimePoint now) {
  for (Run* run : runs_.under_way()) advance(*run, now);
}

void RunEngine::advance(Run& run, TimePoint now) {
  const Registry::Because because(registry_, {.by = "run", .run = run.id});
  while (const auto move = run.progress.take_due(now - run.began)) {
    if (!move->starts) {
      end_step(run, move->step, now);
      continue;
    }
    const auto begun = begin(run, move->step);
    if (!begun) {
      const Error error = in_step(run.timeline.steps[move->step], begun.error()).value();
      finish(run, RunState::kFailed, error.message, {.by = "run"}, now);
      return;
    }
    run.steps[move->step].started = now;
    tell_step("run.step_started", run, move->step);
  }
  if (!run.progress.next()) finish(run, RunState::kCompleted, "", {.by = "run"}, now);
}

/// Puts its fault where it is to be, or nothing.
Result<void> RunEngine::begin(Run& run, std::size_t index) {
  const TimelineStep& step = run.timeline.steps[index];
  const std::string name = run.fault_name(index);
  if (step.partition) {
    if (registry_.partitions().all().count(name) > 0) {
      return fail(ErrorKind::kConflict, "there is a partition `" + name + "` already");
    }
    PartitionSpec spec = *step.partition;
    spec.name = name;
    spec.fault.name = name;
    spec.fault.life = life_of(run, step);
    run.steps[index].should_hold = should_hold(spec);
    const auto put = registry_.put_partition(std::move(spec), Registry::Attempt::kApply);
    if (!put) return Fail(put.error());
    return {};
  }
  if (!step.toxic) return {};
  if (auto checked = check_toxic(step); !checked) return checked;
  ToxicSpec toxic = *step.toxic;
  toxic.name = name;
  toxic.life = life_of(run, step);
  for (const std::string& proxy : proxies_of(step)) {
    const auto added = registry_.add_toxic(proxy, toxic);
    if (added) {
      run.steps[index].proxies.push_back(proxy);
      continue;
    }
    for (const std::string& other : run.steps[index].proxies) {
      static_cast<void>(registry_.remove_toxic(other, name));
    }
    return within("proxy `" + proxy + "`", added.error());
  }
  return {};
}

/// Takes its fault away, if that is still there: another may have ended it.
void RunEngine::end_step(Run& run, std::size_t index, TimePoint now) {
  RunStep& step = run.steps[index];
  step.effect.clear();  // Of one that is gone it is not known.
  const std::string name = run.fault_name(index);
  if (run.timeline.steps[index].partition) {
    const auto gone = registry_.partitions().all().count(name) > 0
                          ? registry_.remove_partition(name)
                          : Result<LivePartition>(fail(ErrorKind::kNotFound, "it has ended"));
    if (gone) {
      const PairStatus sum = sum_of(*gone);
      step.matched = sum.matched + gone->dropped_packets;
      step.crossed = sum.crossed_connections + sum.crossed_bytes;
      step.effect = partition_effect_json(*gone, gone->dropped_packets);
    }
    step.is_lost = !gone;
  } else if (!step.proxies.empty()) {
    const ToxicStats counts = counts_of(registry_, step.proxies, name);
    step.matched = counts.matched;
    step.effect = toxic_effect_json(counts, step.proxies);
    for (const std::string& proxy : step.proxies) {
      if (!registry_.remove_toxic(proxy, name)) step.is_lost = true;
    }
  }
  step.ended = now;
  tell_step("run.step_ended", run, index);
}

std::optional<std::string> RunEngine::json_of(const std::string& id, TimePoint now) {
  const KnownRun* known = runs_.find(id);
  if (known == nullptr) return std::nullopt;
  if (known->run == nullptr) return known->json;
  Run& run = *known->run;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (run.is_under_way(i)) run.steps[i].effect = effect_of(run, i);
  }
  return run_json(run, now);
}

/// What the fault of a step that is under way has done so far, as JSON; "" if it has none.
std::string RunEngine::effect_of(const Run& run, std::size_t index) const {
  const RunStep& step = run.steps[index];
  const std::string name = run.fault_name(index);
  if (!step.proxies.empty()) {
    return toxic_effect_json(counts_of(registry_, step.proxies, name), step.proxies);
  }
  const auto& partitions = registry_.partitions().all();
  const auto found = partitions.find(name);
  if (found == partitions.end()) return "";
  return partition_effect_json(found->second, registry_.dropped_packets(found->second));
}

/// `run` is gone on return.
void RunEngine::finish(Run& run, RunState state, const std::string& why, Cause cause,
                       TimePoint now) {
  cause.run = run.id;
  {
    const Registry::Because because(registry_, cause);
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
      if (run.is_under_way(i)) end_step(run, i, now);
    }
  }
  run.state = state;
  run.why = why;
  run.ended = now;
  run.verdict = verdict_of(run);
  log(state == RunState::kFailed ? LogLevel::kError : LogLevel::kInfo, "run", "ended",
      {{"run", run.id},
       {"state", to_string(state)},
       {"verdict", to_string(*run.verdict)},
       {"why", why}});
  tell({.type = "run.ended",
        .cause = std::move(cause),
        .took = now - run.began,
        .after = R"({"timeline":)" + json_string(run.timeline.name) + R"(,"state":)" +
                 json_string(to_string(state)) + R"(,"verdict":)" +
                 json_string(to_string(*run.verdict)) + R"(,"why":)" + json_string_or_null(why) +
                 "}"},
       run);
  runs_.retire(run, run_json(run, now));
}

void RunEngine::end(const std::string& id, RunState state, const std::string& why,
                    const Cause& cause, TimePoint now) {
  const KnownRun* known = runs_.find(id);
  if (known == nullptr || known->run == nullptr) return;
  finish(*known->run, state, why, cause, now);
}

void RunEngine::end_all(RunState state, const std::string& why, const Cause& cause, TimePoint now) {
  for (Run* run : runs_.under_way()) finish(*run, state, why, cause, now);
}

void RunEngine::end_with(const std::set<std::string>& leases, TimePoint now) {
  for (Run* run : runs_.under_way()) {
    if (run->lease.empty() || leases.count(run->lease) == 0) continue;
    finish(*run, RunState::kAborted, "its lease has ended", {.by = "lease"}, now);
  }
}

/// With whose it is.
void RunEngine::tell(EventDraft draft, const Run& run) const {
  if (events_ == nullptr) return;
  draft.run = run.id;
  if (draft.cause.owner.empty()) draft.cause.owner = run.owner;
  if (draft.cause.reason.empty()) draft.cause.reason = run.reason;
  events_->add(draft);
}

void RunEngine::tell_step(const std::string& type, const Run& run, std::size_t index) const {
  const TimelineStep& step = run.timeline.steps[index];
  const bool has_fault = step.partition || step.toxic;
  const std::string name = has_fault ? run.fault_name(index) : "";
  EventDraft draft{.type = type,
                   .partition = step.partition ? name : "",
                   .cause = {.by = "run"},
                   .effect = run.steps[index].effect};
  draft.toxic = step.toxic ? name : "";
  const std::string json = R"({"step":)" + json_string(step.name) + R"(,"number":)" +
                           std::to_string(index + 1) + R"(,"of":)" +
                           std::to_string(run.steps.size()) + R"(,"does":)" +
                           json_string(in_words(step)) + "}";
  (type == "run.step_ended" ? draft.before : draft.after) = json;
  if (run.steps[index].ended) draft.took = *run.steps[index].ended - *run.steps[index].started;
  tell(std::move(draft), run);
}

}  // namespace faultline
