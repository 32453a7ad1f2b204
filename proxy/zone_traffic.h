#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "proxy/proxy_counters.h"
#include "toxics/direction.h"
#include "zones/zone_map.h"

namespace faultline {

/// What has flowed between two zones through one worker. Written by that worker, read by any.
struct ZonePairCounters {
  ProxyCounters::Counter connections{0};          ///< Whose upstream was reached.
  ProxyCounters::Counter closed{0};               ///< Of these: over.
  ProxyCounters::Counter sent_bytes[2] = {0, 0};  ///< By Direction: written to its destination.
};

/// The same, added up.
struct ZonePairTraffic {
  std::uint64_t connections = 0;
  std::uint64_t open = 0;
  std::uint64_t sent_bytes[2] = {0, 0};
};

/// What has flowed between each two zones of one ZoneMap, since it is the map.
class ZoneTraffic {
 public:
  ZoneTraffic(std::size_t ids, std::size_t workers)
      : ids_(ids), workers_(workers), counters_(ids * ids * workers) {}

  /// REQUIRES: both zones are known.
  ZonePairCounters& of(ZonePair pair, std::size_t worker) {
    return counters_[(pair.client * ids_ + pair.destination) * workers_ + worker];
  }

  /// Any thread.
  ZonePairTraffic sum(ZonePair pair) const;

 private:
  const std::size_t ids_;
  const std::size_t workers_;
  std::vector<ZonePairCounters> counters_;
};

}  // namespace faultline
