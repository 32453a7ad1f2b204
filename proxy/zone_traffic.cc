#include "proxy/zone_traffic.h"

#include <algorithm>

namespace faultline {

ZonePairTraffic ZoneTraffic::sum(ZonePair pair) const {
  ZonePairTraffic sum;
  std::uint64_t closed = 0;
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    const ZonePairCounters& counters =
        counters_[(pair.client * ids_ + pair.destination) * workers_ + worker];
    closed += counters.closed.load(std::memory_order_relaxed);
    sum.connections += counters.connections.load(std::memory_order_relaxed);
    for (const std::size_t direction : {0, 1}) {
      sum.sent_bytes[direction] += counters.sent_bytes[direction].load(std::memory_order_relaxed);
    }
  }
  sum.open = sum.connections - std::min(sum.connections, closed);
  return sum;
}

}  // namespace faultline
