#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "control-api/timeline.h"
#include "control-api/timeline_values.h"

namespace faultline {

/// What has become of a run: whether it was played, and not what that means.
enum class RunState {
  kRunning,
  kCompleted,  ///< To its end.
  kAborted,    ///< Ended early, alone: by its user, its lease or the server.
  kHalted,     ///< By a halt of all faults.
  kFailed,     ///< A step could not be begun.
};
/// "running", "completed", "aborted", "halted", "failed".
const std::vector<std::string>& run_state_names();
std::string_view to_string(RunState state);

/// What a run means.
enum class RunVerdict {
  kPass,
  kFail,          ///< A byte crossed what should have kept zones apart.
  kInconclusive,  ///< Its faults met nobody, or it was not played to its end.
};
/// "pass", "fail", "inconclusive".
const std::vector<std::string>& run_verdict_names();
std::string_view to_string(RunVerdict verdict);

/// What has come of a step.
struct RunStep {
  std::optional<TimePoint> started{};
  std::optional<TimePoint> ended{};
  bool should_hold = false;   ///< Nothing may cross it.
  std::uint64_t matched = 0;  ///< Connections that its fault was for; when it has ended.
  std::uint64_t crossed = 0;  ///< Of a partition that should hold.
  bool is_lost = false;       ///< Another has ended its fault, and what that had done is not known.
  std::string effect{};       ///< JSON, when last looked at; "" before, or if it has no fault.
  std::vector<std::string> proxies{};  ///< That its toxic was put on.
};

/// One playing of a timeline. REQUIRES: as many steps as its timeline has.
struct Run {
  std::string id{};
  Timeline timeline{};
  std::string speed{};      ///< "60x"
  TimelineValues values{};  ///< What its placeholders stood for.
  std::string owner{};
  std::string reason{};
  std::string lease{};  ///< It ends with that; "": none.
  TimePoint began{};
  std::optional<TimePoint> ended{};
  RunState state = RunState::kRunning;
  std::string why{};  ///< Why it ended early.
  std::optional<RunVerdict> verdict{};
  TimelineProgress progress{timeline};
  std::vector<RunStep> steps{};

  /// What the fault of a step is called: "<run>-<step>".
  std::string fault_name(std::size_t step) const { return id + "-" + timeline.steps[step].slug; }
  bool is_under_way(std::size_t step) const { return steps[step].started && !steps[step].ended; }
};

/// Of a run that has ended, all its steps too.
RunVerdict verdict_of(const Run& run);

/// A run that is remembered.
struct KnownRun {
  std::string id;
  std::unique_ptr<Run> run;  ///< Null once it has ended;
  std::string json{};        ///< then this is what is shown of it.
};

/// The runs that are under way, and the last that have ended. Knows no clock.
class Runs {
 public:
  static constexpr std::size_t kMostAtOnce = 20;
  static constexpr std::size_t kMostRemembered = 200;
  /// Of JSON, of those that have ended, together. The last of them is kept however long it is.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20U;

  /// `id_seed` makes the ends of their ids.
  explicit Runs(std::uint64_t id_seed) : random_(id_seed) {}

  /// Oldest first.
  const std::deque<KnownRun>& all() const { return all_; }
  std::vector<Run*> under_way() const;

  /// Null if there is none, or none any more.
  const KnownRun* find(std::string_view id) const;

  /// Begins at `now`, with an id of its own: its timeline's name and four characters, and none of
  /// its steps begun. Forgets the oldest that has ended. Errors (kConflict): too many are under
  /// way.
  Result<Run*> add(Run run, TimePoint now);

  /// Whether there can be another. Errors: as for add().
  Result<void> may_add() const;

  /// It has ended, and goes: what is kept of it is `json`. Forgets those that are too much now.
  /// REQUIRES: it is under way.
  void retire(const Run& run, std::string json);

  /// When a step of one begins or ends next, or kNever.
  TimePoint next() const;

 private:
  std::string new_id(const std::string& timeline);
  bool forget_oldest_but(std::string_view id);

  Random random_;
  std::deque<KnownRun> all_;
  std::size_t bytes_ = 0;  // Of JSON.
};

}  // namespace faultline
