#include "control-api/route_pattern.h"

namespace faultline {

std::optional<std::vector<std::string>> route_captures(std::string_view pattern,
                                                       const std::vector<std::string>& segments) {
  std::vector<std::string> captured;
  for (const std::string& segment : segments) {
    if (pattern.empty()) return std::nullopt;
    pattern.remove_prefix(1);  // The "/".
    const std::string_view expected = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(expected.size());
    if (expected.starts_with('{') && !segment.empty()) {
      captured.push_back(segment);
    } else if (expected != segment) {
      return std::nullopt;
    }
  }
  if (!pattern.empty()) return std::nullopt;
  return captured;
}

}  // namespace faultline
