#include "toxics/latency.h"

#include <algorithm>
#include <utility>

namespace faultline {

void Latency::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (burst_ != chunk.burst()) {
    burst_delay_ = draw();
    burst_ = chunk.burst();
  }
  out.send(std::move(chunk), after(arrived, burst_delay_));
}

Duration Latency::draw() {
  Duration delay = delay_;
  if (jitter_.count() > 0) {
    delay += Duration(memory_.random.between(-jitter_.count(), jitter_.count()));
  }
  return std::max(delay, Duration(0));
}

}  // namespace faultline
