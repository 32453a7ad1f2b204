#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "proxy/change.h"
#include "proxy/partitions.h"
#include "proxy/wall_time.h"
#include "proxy/zone_traffic.h"
#include "zones/zone_map.h"

namespace faultline {

/// What comes back between zones once a partition has ended: when the first byte crosses again,
/// and how many dial anew. Watched for a while, by looking at counts again and again. On the
/// control thread.
class Recovery {
 public:
  static constexpr Duration kWatched = std::chrono::seconds(30);

  /// One direction that had been cut.
  struct Link {
    ZonePair ids{};  ///< Bytes go from the one to the other, whoever has dialled.
    std::string from;
    std::string to;
    /// Connections between the two that were cut, or refused as they came: 0, and nobody may be
    /// there whose byte could cross.
    std::uint64_t kept_apart = 0;
    /// Whether what is sent on connections that `to` has dialled was kept back, too.
    bool has_answers = true;
    std::uint64_t bytes_before = 0;
    /// Since healing began; none: no byte yet, or not all was cut, so that bytes say nothing.
    std::optional<Duration> first_byte_after{};
  };

  /// `partition` is about to end, at `now`, because of `cause`. REQUIRES: there are zones.
  Recovery(const LivePartition& partition, const Partitions& all, Cause cause, TimePoint now);

  /// Looks at the counts. They are no longer comparable once the zones of `all` are others: then
  /// it is over, as it is when its time is.
  void look(const Partitions& all, TimePoint now);
  /// When to look next; kNever once it is over.
  TimePoint next() const { return next_; }
  void end() { next_ = kNever; }
  bool is_over() const { return next_ == kNever; }

  const std::string& partition() const { return partition_; }
  std::uint64_t fault() const { return fault_; }
  const Cause& cause() const { return cause_; }
  WallTime healed() const { return healed_at_; }
  Duration watched() const { return watched_; }
  /// Whether everything had been cut, so that a byte is one that has come back.
  bool cuts_all() const { return cuts_all_; }
  const std::vector<Link>& links() const { return links_; }
  /// Connections dialled between the zones, whose upstream was reached, in each second since.
  const std::vector<std::uint64_t>& reconnects() const { return reconnects_; }

 private:
  std::uint64_t bytes_of(const Link& link) const;
  std::uint64_t connections() const;

  std::string partition_;
  std::uint64_t fault_;
  Cause cause_;
  WallTime healed_at_;
  TimePoint healed_;
  TimePoint next_;
  Duration watched_{0};
  bool cuts_all_;
  std::shared_ptr<ZoneTraffic> traffic_;
  std::vector<Link> links_;
  std::vector<ZonePair> pairs_;  // Whose connections they were.
  std::uint64_t connections_seen_ = 0;
  std::vector<std::uint64_t> reconnects_;
};

}  // namespace faultline
