#include "control-api/runs.h"

#include <algorithm>
#include <utility>

#include "base/verify.h"

namespace faultline {

const std::vector<std::string>& run_state_names() {
  static const std::vector<std::string> kNames = {"running", "completed", "aborted", "halted",
                                                  "failed"};
  return kNames;
}

std::string_view to_string(RunState state) {
  return run_state_names()[static_cast<std::size_t>(state)];
}

const std::vector<std::string>& run_verdict_names() {
  static const std::vector<std::string> kNames = {"pass", "fail", "inconclusive"};
  return kNames;
}

std::string_view to_string(RunVerdict verdict) {
  return run_verdict_names()[static_cast<std::size_t>(verdict)];
}

RunVerdict verdict_of(const Run& run) {
  std::uint64_t matched = 0;
  bool is_lost = false;
  for (const RunStep& step : run.steps) {
    if (step.should_hold && step.crossed > 0) return RunVerdict::kFail;
    matched += step.matched;
    is_lost |= step.is_lost;
  }
  const bool is_conclusive = run.state == RunState::kCompleted && matched > 0 && !is_lost;
  return is_conclusive ? RunVerdict::kPass : RunVerdict::kInconclusive;
}

std::vector<Run*> Runs::under_way() const {
  std::vector<Run*> runs;
  for (const KnownRun& known : all_) {
    if (known.run != nullptr) runs.push_back(known.run.get());
  }
  return runs;
}

const KnownRun* Runs::find(std::string_view id) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const KnownRun& known) { return known.id == id; });
  return found == all_.end() ? nullptr : &*found;
}

Result<void> Runs::may_add() const {
  if (under_way().size() < kMostAtOnce) return {};
  return fail(ErrorKind::kConflict, std::to_string(kMostAtOnce) +
                                        " runs are under way already, the most there can be: "
                                        "abort some, or wait until they end");
}

Result<Run*> Runs::add(Run run, TimePoint now) {
  if (auto may = may_add(); !may) return Fail(may.error());
  run.id = new_id(run.timeline.name);
  run.began = now;
  run.progress = TimelineProgress(run.timeline);
  run.steps.assign(run.timeline.steps.size(), {});
  while (all_.size() >= kMostRemembered) forget_oldest_but(run.id);
  const std::string id = run.id;
  all_.push_back({id, std::make_unique<Run>(std::move(run))});
  return all_.back().run.get();
}

void Runs::retire(const Run& run, std::string json) {
  const std::string id = run.id;
  const auto known =
      std::find_if(all_.begin(), all_.end(), [&](const KnownRun& one) { return one.id == id; });
  VERIFY(known != all_.end() && known->run != nullptr);
  known->run.reset();
  known->json = std::move(json);
  bytes_ += known->json.size();
  while (bytes_ > kMostBytes && forget_oldest_but(id)) {
  }
}

/// Of those that have ended. False if there is no other.
bool Runs::forget_oldest_but(std::string_view id) {
  const auto oldest = std::find_if(all_.begin(), all_.end(), [&](const KnownRun& known) {
    return known.run == nullptr && known.id != id;
  });
  if (oldest == all_.end()) return false;
  bytes_ -= oldest->json.size();
  all_.erase(oldest);
  return true;
}

TimePoint Runs::next() const {
  TimePoint next = kNever;
  for (const Run* run : under_way()) {
    if (const auto move = run->progress.next()) next = std::min(next, after(run->began, *move));
  }
  return next;
}

std::string Runs::new_id(const std::string& timeline) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuv";
  constexpr std::size_t kMostName = 30;  // A partition's name has 63 bytes at the most.
  for (;;) {
    std::string id = timeline.substr(0, kMostName) + "-";
    std::uint64_t bits = random_.next();
    for (int i = 0; i < 4; ++i) {
      id += kDigits[bits & 31U];
      bits >>= 5U;
    }
    if (find(id) == nullptr) return id;
  }
}

}  // namespace faultline
