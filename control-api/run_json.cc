#include "control-api/run_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quantities.h"
#include "proxy/wall_time.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json null_if_empty(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json hour_or_null(const std::optional<TimePoint>& at) {
  return at ? Json(rfc3339(wall_time_of(*at))) : Json(nullptr);
}

Json values_json(const TimelineValues& values) {
  Json view = Json::object();
  for (const auto& [name, value] : values) {
    std::visit([&, key = &name](const auto& one) { view[*key] = one; }, value);
  }
  return view;
}

std::string_view state_of(const Run& run, std::size_t step) {
  if (run.steps[step].ended) return "ended";
  if (run.steps[step].started) return "under_way";
  return run.ended ? "never" : "waiting";
}

Json step_json(const Run& run, std::size_t index) {
  const TimelineStep& planned = run.timeline.steps[index];
  const RunStep& step = run.steps[index];
  const bool has_fault = planned.partition || planned.toxic;
  return {
      {"number", index + 1},
      {"name", planned.name},
      {"does", in_words(planned)},
      {"starts", duration_text(planned.start)},
      {"ends", duration_text(planned.end)},
      {"state", state_of(run, index)},
      {"fault", has_fault && !run.id.empty() ? Json(run.fault_name(index)) : Json(nullptr)},
      {"started_at", hour_or_null(step.started)},
      {"ended_at", hour_or_null(step.ended)},
      {"effect", step.effect.empty() ? Json(nullptr) : Json::parse(step.effect, nullptr, false)}};
}

/// To the millisecond.
std::string time_left(const Run& run, TimePoint now) {
  if (run.ended) return "0";
  const Duration left = run.began + run.timeline.length - now;
  return duration_text(std::chrono::ceil<std::chrono::milliseconds>(std::max(left, Duration(0))));
}

}  // namespace

std::string run_json(const Run& run, TimePoint now) {
  const bool is_planned = run.id.empty();
  Json under_way = Json::array();
  Json steps = Json::array();
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (run.is_under_way(i)) under_way.push_back(run.timeline.steps[i].name);
    steps.push_back(step_json(run, i));
  }
  const Json json = {
      {"id", null_if_empty(run.id)},
      {"timeline", run.timeline.name},
      {"summary", run.timeline.summary},
      {"state", is_planned ? "planned" : to_string(run.state)},
      {"verdict", run.verdict ? Json(to_string(*run.verdict)) : Json(nullptr)},
      {"why", null_if_empty(run.why)},
      {"owner", run.owner},
      {"reason", run.reason},
      {"lease", null_if_empty(run.lease)},
      {"speed", run.speed},
      {"with", values_json(run.values)},
      {"length", duration_text(run.timeline.length)},
      {"time_left", is_planned ? duration_text(run.timeline.length) : time_left(run, now)},
      {"started_at", is_planned ? Json(nullptr) : Json(rfc3339(wall_time_of(run.began)))},
      {"ended_at", hour_or_null(run.ended)},
      {"under_way", under_way},
      {"steps", steps}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace faultline
