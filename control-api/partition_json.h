#pragma once

#include <string>

#include "proxy/partitions.h"
#include "proxy/recovery.h"

namespace faultline {

/// A partition as JSON, with every default filled in and every value with its unit: sent back,
/// it makes what was shown.
std::string partition_json(const LivePartition& partition, const ZoneMap& zones);

/// What it has done so far: {"matched": 7, "crossed": 0, ..., "pairs": [...]}. `dropped_packets`
/// are those that listening sockets have dropped. `probes` is what its probes have seen, [] if
/// there were none.
std::string partition_effect_json(const LivePartition& partition, std::uint64_t dropped_packets);

/// What has come back since a partition ended: {"first_byte_after_ms": 12.1, "links": [...],
/// "reconnects": 40, "reconnects_per_second": [38, 2], ...}.
std::string recovery_json(const Recovery& recovery);

/// {"name":"a","cidrs":["10.1.0.0/16"]}
std::string zone_json(const ZoneSpec& zone);

}  // namespace faultline
