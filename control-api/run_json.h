#pragma once

#include <string>

#include "base/time.h"
#include "control-api/runs.h"

namespace faultline {

/// A run as JSON, as /v1 shows it at `now`, the same for ever once it has ended. One that has no id
/// yet is shown as it would be. What its steps have done is as they say.
std::string run_json(const Run& run, TimePoint now);

}  // namespace faultline
