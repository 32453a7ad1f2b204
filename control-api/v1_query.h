#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline {

/// The parameters of "?a=1&b=2", decoded ("+" is a blank). Errors: kMalformed, one that is
/// not among `known` (with the nearest), is there twice, or is broken.
Result<std::map<std::string, std::string>> parse_v1_query(std::string_view query,
                                                          const std::vector<std::string>& known);

}  // namespace faultline
