#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace faultline {

/// What JSON Schemas of /v1 are put together from. `description` may be empty.

nlohmann::ordered_json schema_ref(const std::string& name);
nlohmann::ordered_json text(const std::string& description);
nlohmann::ordered_json duration(const std::string& description);
nlohmann::ordered_json share(const std::string& description);
nlohmann::ordered_json list_of(const nlohmann::ordered_json& items);
/// One of these words.
nlohmann::ordered_json word_of(const std::vector<std::string>& words,
                               const std::string& description);
/// A map with these fields and no others.
nlohmann::ordered_json map_of(
    const nlohmann::ordered_json& properties,
    const nlohmann::ordered_json& required = nlohmann::ordered_json::array());
/// {on, off}, and `jitter` where it may have some.
nlohmann::ordered_json turns(const std::string& description, bool has_jitter);
/// Of a toxic or partition.
nlohmann::ordered_json limits_schema();

}  // namespace faultline
