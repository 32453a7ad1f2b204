#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/registry.h"
#include "proxy/workers.h"
#include "proxy/zone_matrix.h"
#include "toxics/toxic_counters.h"

namespace faultline {

/// What the metrics page is made of, read at one moment.
struct Metrics {
  /// Which of it is shown.
  struct Groups {
    bool faultline = true;  ///< faultline_*
    bool toxiproxy = true;  ///< toxiproxy_proxy_*, names and labels as Toxiproxy has them.
    bool process = true;    ///< process_*

    bool any() const { return faultline || toxiproxy || process; }
  };

  std::vector<ProxyStats> proxies;
  std::vector<DurationHistogram::Snapshot> loop_lag;  ///< By worker.
  Workers::Memory memory;
  std::vector<ZoneCell> zones{};  ///< Their matrix.
  struct Partition {
    std::string name;
    std::vector<PairStatus> pairs;
    std::uint64_t dropped_packets;
  };
  std::vector<Partition> partitions{};
};

/// The page, in Prometheus' text format, version 0.0.4.
std::string metrics_text(const Metrics& metrics, const Metrics::Groups& groups);

}  // namespace faultline
