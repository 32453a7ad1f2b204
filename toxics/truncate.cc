#include "toxics/truncate.h"

#include <algorithm>
#include <utility>

namespace faultline {

Truncate::Truncate(std::int64_t limit_bytes, StageMemory& memory)
    : limit_bytes_(static_cast<std::uint64_t>(std::max<std::int64_t>(limit_bytes, 0))),
      memory_(memory) {}

void Truncate::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  const std::uint64_t left = limit_bytes_ - std::min(limit_bytes_, memory_.passed_bytes);
  memory_.passed_bytes += std::min<std::uint64_t>(left, chunk.size());
  if (chunk.size() > left) {
    if (left > 0) out.send(chunk.take_front(left), arrived);
    out.finish(arrived);
    return;
  }
  const bool is_last = chunk.size() == left;
  out.send(std::move(chunk), arrived);
  if (is_last) out.finish(arrived);
}

}  // namespace faultline
