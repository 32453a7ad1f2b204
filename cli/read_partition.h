#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "proxy/partition.h"

namespace faultline {

/// A partition as /v1 describes it; the zones of its shape are printable. Errors: kNetwork, what
/// describes it so is no Faultline, or one that knows more than this one.
Result<PartitionSpec> read_partition(const nlohmann::ordered_json& view);

}  // namespace faultline
