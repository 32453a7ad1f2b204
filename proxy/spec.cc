#include "proxy/spec.h"

namespace faultline {

std::string_view to_string(Direction direction) {
  return direction == Direction::kUpstream ? "upstream" : "downstream";
}

}  // namespace faultline
