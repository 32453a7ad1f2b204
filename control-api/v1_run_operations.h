#pragma once

#include <vector>

#include "control-api/v1_operations.h"

namespace faultline {

/// Those of v1_operations() that are on timelines and runs.
std::vector<V1Operation> v1_run_operations();

}  // namespace faultline
