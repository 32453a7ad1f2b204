#pragma once

#include <vector>

#include "control-api/v1_operations.h"

namespace faultline {

/// Those of v1_operations() that are on zones and partitions.
std::vector<V1Operation> v1_zone_operations();

}  // namespace faultline
