// Which runs there are, and what they mean.

#include "control-api/runs.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/time.h"

namespace faultline {
namespace {
using namespace std::chrono_literals;

const TimePoint kStart{1h};

Run draft(Duration length) {
  Run run;
  run.timeline.name = "t";
  TimelineStep& step = run.timeline.steps.emplace_back();
  step.slug = "a";
  step.end = length;
  run.timeline.length = length;
  return run;
}

}  // namespace

TEST_CASE("the next move of all runs is the first of those under way", "[runs]") {
  Runs runs(1);
  CHECK(runs.next() == kNever);
  Run* one = runs.add(draft(10s), kStart).value();
  Run* other = runs.add(draft(5s), kStart + 1s).value();
  CHECK(one->id != other->id);
  CHECK(one->id.starts_with("t-"));
  CHECK(one->fault_name(0) == one->id + "-a");
  CHECK(runs.next() == kStart);
  CHECK(one->progress.take_due(0s));
  CHECK(runs.next() == kStart + 1s);
  CHECK(other->progress.take_due(0s));
  CHECK(runs.next() == kStart + 6s);
  runs.retire(*other, "{}");
  CHECK(runs.next() == kStart + 10s);
  CHECK(runs.under_way() == std::vector<Run*>{one});
}

TEST_CASE("20 runs at once, and the last 200 are remembered", "[runs]") {
  Runs runs(1);
  std::string first;
  for (std::size_t i = 0; i < 300; ++i) {
    const auto run = runs.add(draft(1s), kStart);
    REQUIRE(run);
    if (i == 0) first = (*run)->id;
    if (i > 0) runs.retire(**run, "{}");
  }
  CHECK(runs.all().size() == Runs::kMostRemembered);
  CHECK(runs.find(first) != nullptr);  // It is under way still.
  for (std::size_t i = 1; i < Runs::kMostAtOnce; ++i) REQUIRE(runs.add(draft(1s), kStart));
  const auto too_many = runs.add(draft(1s), kStart);
  REQUIRE(!too_many);
  CHECK(too_many.error().kind == ErrorKind::kConflict);
}

TEST_CASE("of runs that have ended what is shown is kept, and not too much of it", "[runs]") {
  Runs runs(1);
  const auto play = [&](std::size_t bytes) {
    Run* run = runs.add(draft(1s), kStart).value();
    const std::string id = run->id;
    runs.retire(*run, std::string(bytes, 'x'));
    return id;
  };
  const Run* under_way = runs.add(draft(1s), kStart).value();
  const std::string first = play(1);
  const std::string second = play(Runs::kMostBytes - 1);
  CHECK(runs.find(first)->json == "x");
  CHECK(runs.find(first)->run == nullptr);
  const std::string third = play(1);
  CHECK(runs.find(first) == nullptr);
  CHECK(runs.find(second) != nullptr);
  const std::string huge = play(Runs::kMostBytes + 1);
  CHECK(runs.find(third) == nullptr);
  CHECK(runs.find(huge) != nullptr);  // Whoever watches it shall see its end.
  CHECK(runs.find(play(1)) != nullptr);
  CHECK(runs.find(huge) == nullptr);
  CHECK(runs.under_way() == std::vector<Run*>{runs.find(under_way->id)->run.get()});
}

TEST_CASE("a run fails if something crossed, and proves nothing if nobody met it", "[runs]") {
  Run run = draft(1s);
  run.steps.resize(2);
  run.state = RunState::kCompleted;
  CHECK(verdict_of(run) == RunVerdict::kInconclusive);
  run.steps[0].matched = 3;
  CHECK(verdict_of(run) == RunVerdict::kPass);
  run.steps[1].crossed = 1;  // Of one that only slows.
  CHECK(verdict_of(run) == RunVerdict::kPass);
  run.steps[1].should_hold = true;
  CHECK(verdict_of(run) == RunVerdict::kFail);
  run.steps[1].crossed = 0;
  run.state = RunState::kAborted;
  CHECK(verdict_of(run) == RunVerdict::kInconclusive);
}

}  // namespace faultline
