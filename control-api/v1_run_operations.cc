#include "control-api/v1_run_operations.h"

#include "control-api/v1_handlers.h"

namespace faultline {

std::vector<V1Operation> v1_run_operations() {
  return {
      {.method = "GET",
       .path = "/v1/timelines",
       .id = "listTimelines",
       .group = "timelines",
       .summary = "The scenarios that ship with Faultline, and what each needs to be told.",
       .handler = v1_list_timelines,
       .answer = "TimelineList"},
      {.method = "GET",
       .path = "/v1/timelines/{timeline}",
       .id = "getTimeline",
       .group = "timelines",
       .summary = "One of them, with its document: sent as `timeline`, it plays the same.",
       .handler = v1_get_timeline,
       .answer = "Timeline",
       .problems = {"not-found"}},
      {.method = "GET",
       .path = "/v1/runs",
       .id = "listRuns",
       .group = "runs",
       .summary = "The runs that are under way and the last that have ended, oldest first.",
       .handler = v1_list_runs,
       .answer = "RunList"},
      {.method = "POST",
       .path = "/v1/runs",
       .id = "createRun",
       .group = "runs",
       .summary = "Plays a timeline, checked whole before its first step. A dry run answers with "
                  "the plan.",
       .handler = v1_create_run,
       .answer = "Run",
       .status = 201,
       .body = "RunRequest",
       .example =
           R"({"timeline": {"name": "a-drill", "steps": [{"name": "quiet", "wait": "30s"}]}, )"
           R"("speed": "60x", "owner": "me", "reason": "a drill"})",
       .problems = {"conflict", "halted"},
       .writes = true},
      {.method = "GET",
       .path = "/v1/runs/{run}",
       .id = "getRun",
       .group = "runs",
       .summary = "One run: its state, its steps, when each was held and what came of it.",
       .handler = v1_get_run,
       .answer = "Run",
       .problems = {"not-found"}},
      {.method = "DELETE",
       .path = "/v1/runs/{run}",
       .id = "abortRun",
       .group = "runs",
       .summary = "Ends the run early, if it has not ended: its faults are gone when it is "
                  "answered.",
       .handler = v1_abort_run,
       .answer = "Run",
       .problems = {"not-found"},
       .writes = true},
  };
}

}  // namespace faultline
