#pragma once

#include <nlohmann/json.hpp>

#include "proxy/document.h"

namespace faultline {

/// The same value as JSON: to be shown, or sent.
nlohmann::ordered_json json_of(const Document& document);

}  // namespace faultline
