#pragma once

#include <nlohmann/json.hpp>

namespace faultline {

/// Adds the JSON Schemas of timelines and runs, by name, to those of /v1.
void add_run_schemas(nlohmann::ordered_json& schemas);

}  // namespace faultline
