#include "cli/run_view.h"

#include <algorithm>
#include <chrono>

#include "base/quantities.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

Json steps_of(const Json& run) {
  return run.is_object() ? run.value("steps", Json::array()) : Json::array();
}

std::chrono::nanoseconds time_at(const Json& json, const char* key) {
  return parse_duration(text_at(json, key)).value_or(std::chrono::nanoseconds(0));
}

std::string state_at(const Json& steps, std::size_t index) {
  return index < steps.size() ? text_at(steps[index], "state") : "waiting";
}

std::string effect_in_words(const Json& step) {
  const auto effect = step.find("effect");
  if (effect == step.end() || !effect->is_object()) return "";
  std::string text = text_at(*effect, "matched") + " matched";
  if (effect->contains("crossed")) text += ", " + text_at(*effect, "crossed") + " crossed";
  return ": " + text;
}

std::string of_all(const Json& step, std::size_t count) {
  return "step " + text_at(step, "number") + " of " + std::to_string(count) + ": " +
         text_at(step, "name");
}

}  // namespace

std::string plan_in_words(const Json& run) {
  std::string text =
      text_at(run, "timeline") + ", " + text_at(run, "length") + " at " + text_at(run, "speed");
  if (const std::string summary = text_at(run, "summary"); !summary.empty()) text += ": " + summary;
  text += "\n";
  for (const Json& step : steps_of(run)) {
    text += "  " + text_at(step, "starts") + " to " + text_at(step, "ends") + "  " +
            text_at(step, "name") + ": " + text_at(step, "does") + "\n";
  }
  return text;
}

std::string run_line(const Json& run, const Console& console) {
  std::string text = console.bold(text_at(run, "id")) + "  " + text_at(run, "state");
  if (text_at(run, "state") == "running") return text + "  " + progress_line(run);
  text += "  " + text_at(run, "verdict");
  if (const std::string why = text_at(run, "why"); !why.empty()) text += "  " + why;
  return text;
}

std::string progress_line(const Json& run) {
  const Json steps = steps_of(run);
  const auto elapsed = time_at(run, "length") - time_at(run, "time_left");
  std::string text;
  for (const Json& step : steps) {
    if (text_at(step, "state") != "under_way") continue;
    const auto left = std::max(time_at(step, "ends") - elapsed, std::chrono::nanoseconds(0));
    text += (text.empty() ? "" : "; ") + of_all(step, steps.size()) + ", " +
            duration_text(std::chrono::ceil<std::chrono::seconds>(left)) + " left";
  }
  const auto left = std::chrono::ceil<std::chrono::seconds>(time_at(run, "time_left"));
  return (text.empty() ? "between steps" : text) + "; the run: " + duration_text(left) + " left";
}

std::vector<std::string> news_of(const Json& before, const Json& run) {
  std::vector<std::string> news;
  const Json old = steps_of(before);
  const Json steps = steps_of(run);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Json& step = steps[i];
    const std::string state = text_at(step, "state");
    const std::string was = state_at(old, i);
    const bool has_begun = state == "under_way" || state == "ended";
    if (has_begun && was == "waiting") {
      news.push_back(of_all(step, steps.size()) + " began: " + text_at(step, "does"));
    }
    if (state == "ended" && was != "ended") {
      news.push_back(of_all(step, steps.size()) + " ended" + effect_in_words(step));
    }
  }
  return news;
}

std::string end_in_words(const Json& run) {
  std::string text = text_at(run, "state");
  if (const std::string why = text_at(run, "why"); !why.empty()) text += " (" + why + ")";
  const std::string verdict = text_at(run, "verdict");
  text += ", verdict " + verdict;
  if (verdict == "fail") text += ": something crossed what should have kept zones apart";
  if (verdict == "inconclusive" && text_at(run, "state") == "completed") {
    text += ": its faults met nobody";
  }
  return text;
}

int exit_code_of_run(const Json& run) {
  const std::string state = text_at(run, "state");
  if (state == "halted") return kExitHalted;
  if (state != "completed" || text_at(run, "verdict") == "fail") return kExitFailed;
  return text_at(run, "verdict") == "pass" ? kExitOk : kExitInconclusive;
}

}  // namespace faultline
