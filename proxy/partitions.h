#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/partition.h"
#include "proxy/probe_result.h"
#include "proxy/wall_time.h"

namespace faultline {

/// A partition's counts between two zones, added up over proxies and workers.
struct PairStatus {
  std::string client;       ///< The zone of who dials,
  std::string destination;  ///< and of who is dialled.
  std::uint64_t matched = 0;
  std::uint64_t applied = 0;
  std::uint64_t open = 0;  ///< These and the rest are as in CutCounters.
  std::uint64_t refused = 0;
  std::uint64_t crossed_connections = 0;
  std::uint64_t crossed_bytes = 0;
};

/// How a partition is carried out on one proxy.
struct PartitionEngine {
  std::string proxy;
  Engine engine = Engine::kUserSpace;  ///< For open connections.
  bool at_listener = false;            ///< The listening socket keeps those out who dial.
};

/// A partition that is in force.
struct LivePartition {
  PartitionSpec spec;
  std::uint64_t id = 0;  ///< One for each partition ever made; ties its start to its end.
  ZoneLinks links{};     ///< In the present map.
  WallTime since{};      ///< When it was made,
  TimePoint began{};     ///< and the same by our own clock.
  Duration took{0};      ///< Until it was in force on the last connection, when it last changed.
  std::uint64_t connections = 0;      ///< Open ones that it was then put on.
  std::uint64_t dropped_packets = 0;  ///< As in Registry::dropped_packets(), when it has ended.
  std::uint64_t drops_kept = 0;  ///< Packets that sockets had dropped for it when this was noted:
  std::map<std::uint64_t, std::uint64_t> drops_before{};  ///< by then each had dropped so many.
  std::vector<PartitionEngine> engines{};  ///< On each proxy that it was on when it last changed.
  std::vector<ProbeResult> probes{};       ///< As of the last time that it was probed.
  std::shared_ptr<ToxicBudget> budget{};
  /// By the names of client's and destination's zones.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<PairCounts>> counts{};

  bool is_being_probed() const;

  /// In order of the zones' names.
  std::vector<PairStatus> pairs() const;
};

/// The partitions there are, and the zones that they are between. On the control thread: a part
/// of the Registry, which puts on the proxies what they come to.
class Partitions {
 public:
  static constexpr std::size_t kMost = 100;

  /// For counts on so many workers; `seed` decides its draws.
  Partitions(std::size_t workers, std::uint64_t seed) : workers_(workers), seed_(seed) {}

  /// Null while there are no zones.
  const std::shared_ptr<const ZoneMap>& map() const { return map_; }
  const ZoneMap& zones() const;
  const std::shared_ptr<ZoneTraffic>& traffic() const { return traffic_; }

  /// The links of every partition in `map`. Error (kInvalid): one of them names a zone that it
  /// has not.
  Result<void> check_zones(const ZoneMap& map) const;
  /// REQUIRES: checked, and not null.
  void set_zones(std::shared_ptr<const ZoneMap> map);

  /// Whether there can be so many. Error: kConflict.
  static Result<void> check_count(std::size_t count);

  /// Whether `spec` can be one of them. Errors: kInvalid, kConflict.
  Result<ZoneLinks> check(const PartitionSpec& spec) const;

  LivePartition* find(std::string_view name);
  const std::map<std::string, LivePartition, std::less<>>& all() const { return all_; }

  /// Adds it, or makes the one of its name that. REQUIRES: checked. `on_spent` is told when its
  /// limits are reached, on a worker's thread.
  LivePartition& put(PartitionSpec spec, ZoneLinks links, std::uint64_t id,
                     const ToxicBudget::OnSpent& on_spent);
  void remove(std::string_view name) { all_.erase(all_.find(name)); }

  /// What they come to on a proxy with those zones.
  std::vector<ToxicSpec> parts_for(const ProxyZones& zones);

 private:
  const std::size_t workers_;
  const std::uint64_t seed_;
  std::shared_ptr<const ZoneMap> map_{};
  std::shared_ptr<ZoneTraffic> traffic_{};
  std::map<std::string, LivePartition, std::less<>> all_;
};

}  // namespace faultline
