#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/console.h"

namespace faultline {

/// An event of /v1 for people, on one line: when, what, of whom, by what, whose, why; of a
/// partition also what it does, or what it came to; of zones their names.
void print_event(const Console& console, const nlohmann::ordered_json& event);

}  // namespace faultline
