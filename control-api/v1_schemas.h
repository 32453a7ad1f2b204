#pragma once

#include <nlohmann/json.hpp>

#include "toxics/catalog.h"

namespace faultline {

/// The JSON Schemas (2020-12) of what /v1 takes and shows, by name, as they stand under
/// components.schemas. Made from the catalogue that also checks and fills in.
nlohmann::ordered_json v1_schemas();

/// Of a toxic's `attributes`.
nlohmann::ordered_json v1_attributes_schema(const ToxicType& type);

}  // namespace faultline
