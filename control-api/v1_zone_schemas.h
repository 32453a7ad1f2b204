#pragma once

#include <nlohmann/json.hpp>

namespace faultline {

/// Adds the JSON Schemas of zones and partitions, by name, to those of /v1.
void add_zone_schemas(nlohmann::ordered_json& schemas);

}  // namespace faultline
