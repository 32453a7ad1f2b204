#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

/// What the braces of `pattern` ("/proxies/{proxy}") stand for, in order, if `segments`,
/// a path taken apart and decoded, match it: each stands for one segment, never an empty one.
std::optional<std::vector<std::string>> route_captures(std::string_view pattern,
                                                       const std::vector<std::string>& segments);

}  // namespace faultline
