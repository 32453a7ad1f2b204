#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faultline {

/// The name in `names` that `wrong` was probably meant to be (fewest typing
/// mistakes, at most a third of its length, letter case ignored), or "" if none is near.
std::string nearest_name(std::string_view wrong, const std::vector<std::string>& names);

/// "; did you mean `latency`?", or "" if no name is near. For the end of an error message.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace faultline
