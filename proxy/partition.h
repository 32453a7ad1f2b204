#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/proxy_zones.h"
#include "proxy/spec.h"
#include "zones/shape.h"

namespace faultline {

/// What happens between zones that a partition keeps apart.
enum class PartitionMode {
  kBlackhole,  ///< Packets vanish: nobody is told anything.
  kReset,      ///< RST, on open connections and to those that dial.
  kRefuse,     ///< The same; who dials is refused, where nobody else dials there.
  kClose,      ///< FIN.
  kStall,      ///< Connections stay open, and no byte moves.
  kSlow,       ///< Bytes come late.
  kLossy,      ///< Packets are lost.
};
/// "blackhole", "reset", "refuse", "close", "stall", "slow", "lossy".
const std::vector<std::string>& partition_mode_names();
std::string_view to_string(PartitionMode mode);

/// The toxic that does it.
const ToxicType& toxic_type_of(PartitionMode mode);

/// Whether nothing may pass: else what passes only suffers.
bool cuts(PartitionMode mode);

/// Whether it ends connections, which have no half to be ended: a link is then about those who
/// dial in its direction.
bool ends_connections(PartitionMode mode);

/// Zones that are kept apart, as their user described it, checked but for the zones' names.
struct PartitionSpec {
  std::string name;  ///< Named as zones are.
  PartitionShape shape{};
  PartitionMode mode = PartitionMode::kBlackhole;
  /// What it does to each connection, as a toxic of toxic_type_of(mode) that is on each proxy:
  /// `affects` is the partition's `scope`, `on_remove` its `heal`, `pulse` its `flap`, the share
  /// in `match` its `connections`. Of no stream.
  ToxicSpec fault{};

  bool operator==(const PartitionSpec&) const = default;
};

/// Whether it keeps everybody out who dials: nobody is spared, at no time.
bool cuts_all_new(const PartitionSpec& partition);
/// Whether it cuts all connections, those too that were open.
bool cuts_all(const PartitionSpec& partition);

/// The toxics that `partition`, which is of `links`, is on a proxy with those zones. Their
/// counts and budget are for whoever keeps them. Empty if none of its connections can be
/// between such zones.
std::vector<ToxicSpec> parts_of(const PartitionSpec& partition, const ZoneLinks& links,
                                const ProxyZones& zones);

}  // namespace faultline
