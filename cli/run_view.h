#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/console.h"

namespace faultline {

/// What a run would do, of the answer to a dry run: a line a step.
std::string plan_in_words(const nlohmann::ordered_json& run);

/// One run in a line: "az-slow-4f2k  running  step 1 of 1: slow  28m3s left".
std::string run_line(const nlohmann::ordered_json& run, const Console& console);

/// Where a run is: "step 2 of 4: dark, 9m12s left; the run: 15m12s left".
std::string progress_line(const nlohmann::ordered_json& run);

/// What has happened to its steps since `before`, a line each: "dark began: between ...", "dark
/// ended: 7 matched, 0 crossed". Null `before`: since its start.
std::vector<std::string> news_of(const nlohmann::ordered_json& before,
                                 const nlohmann::ordered_json& run);

/// How it ended: "completed, pass", "failed: step `cold`: there is no proxy `cache`, fail".
std::string end_in_words(const nlohmann::ordered_json& run);

/// What the command ends with that has watched the run to its end.
int exit_code_of_run(const nlohmann::ordered_json& run);

}  // namespace faultline
