#include "toxics/limit_data.h"

#include <algorithm>
#include <utility>

namespace faultline {

LimitData::LimitData(std::int64_t limit_bytes, Ending ending, StageMemory& memory)
    : limit_bytes_(static_cast<std::uint64_t>(std::max<std::int64_t>(limit_bytes, 0))),
      ending_(ending),
      memory_(memory) {}

void LimitData::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  const std::uint64_t left = limit_bytes_ - std::min(limit_bytes_, memory_.passed_bytes);
  if (chunk.size() < left) {
    memory_.passed_bytes += chunk.size();
    out.send(std::move(chunk), arrived);
    return;
  }
  memory_.passed_bytes += left;
  if (chunk.size() == left) {
    out.send(std::move(chunk), arrived);
  } else if (left > 0) {
    out.send(chunk.take_front(left), arrived);
  }
  if (ending_ == Ending::kClose) {
    out.close(arrived);
  } else {
    out.finish(arrived);
  }
}

}  // namespace faultline
