#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "toxics/toxic_budget.h"
#include "toxics/toxic_counters.h"
#include "zones/zone_map.h"

namespace faultline {

/// What one worker has seen of a partition between two zones. Written by that worker.
struct CutCounters {
  using Counter = std::atomic<std::uint64_t>;

  Counter open{0};     ///< Connections that were open when it took hold of them.
  Counter refused{0};  ///< Those that came, and were held, closed or reset.
  // What it should have kept apart, and did not: counted where bytes are written to sockets.
  Counter crossed_connections{0};  ///< Reached their upstream all the same.
  Counter crossed_bytes{0};        ///< Written to the other side since it took hold.
};

/// The counts of a partition between two zones, over all proxies.
struct PairCounts {
  explicit PairCounts(std::size_t workers)
      : toxic(std::make_shared<std::vector<ToxicCounters>>(workers)), cut(workers) {}

  std::shared_ptr<std::vector<ToxicCounters>> toxic;  ///< By worker, as is
  std::vector<CutCounters> cut;                       ///< this.
};

/// What makes a toxic a part of a partition: nobody has put it on its proxy by hand, and what
/// shows toxics does not show it. One toxic is for the connections between two zones.
struct PartitionPart {
  std::string partition;  ///< Its name, from which draws are made: all its parts spare the same.
  ZonePair pair{};
  TimePoint since{};             ///< When the partition was made: its turns count from then,
  std::uint64_t turns_key = 0;   ///< and are drawn from this, which is the same on all proxies.
  bool cuts_upstream = false;    ///< From the client's zone to the destination's
  bool cuts_downstream = false;  ///< no byte may pass; or the other way.
  /// Whose dials are the part's, as the listening socket sees them; none: it cannot tell.
  std::optional<ZoneMap::Addresses> dialling{};
  bool is_counted = true;  ///< Of two toxics for the two directions the second is not.
  std::shared_ptr<PairCounts> counts{};
  std::shared_ptr<ToxicBudget> budget{};  ///< Of the whole partition; null: no limits.

  /// Nothing may cross.
  bool cuts() const { return cuts_upstream || cuts_downstream; }
  bool operator==(const PartitionPart&) const = default;
};

}  // namespace faultline
