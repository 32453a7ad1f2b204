#pragma once

#include <chrono>
#include <optional>

#include "cli/console.h"

namespace faultline {

/// Runs a server, an origin, a proxy `demo` between them and some traffic, all
/// in this process, and shows how the traffic fares until SIGINT, SIGTERM or
/// the end of `duration`. Returns the exit code.
int run_demo(const Console& console, std::optional<std::chrono::milliseconds> duration);

}  // namespace faultline
