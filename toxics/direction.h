#pragma once

#include <string_view>

namespace faultline {

/// One direction of a connection: client to server, or server to client.
enum class Direction { kUpstream, kDownstream };

/// "upstream" or "downstream".
constexpr std::string_view to_string(Direction direction) {
  return direction == Direction::kUpstream ? "upstream" : "downstream";
}

}  // namespace faultline
