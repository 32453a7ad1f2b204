#include "proxy/recovery.h"

#include <set>
#include <utility>

#include "proxy/look_again.h"

namespace faultline {

Recovery::Recovery(const LivePartition& partition, const Partitions& all, Cause cause,
                   TimePoint now)
    : partition_(partition.spec.name),
      fault_(partition.id),
      cause_(std::move(cause)),
      healed_at_(std::chrono::system_clock::now()),
      healed_(now),
      next_(now),
      cuts_all_(faultline::cuts_all(partition.spec)),
      traffic_(all.traffic()) {
  const ZoneMap& map = all.zones();
  const std::vector<PairStatus> statuses = partition.pairs();
  std::set<std::pair<ZoneId, ZoneId>> pairs;
  for (const auto& [from, to] : partition.links) {
    Link link{.ids = {from, to},
              .from = std::string(map.name_of(from)),
              .to = std::string(map.name_of(to))};
    // Those modes end connections that were dialled that way; others go on.
    link.has_answers =
        !ends_connections(partition.spec.mode) || partition.links.count({to, from}) > 0;
    link.bytes_before = bytes_of(link);
    for (const PairStatus& pair : statuses) {
      const bool is_its = (pair.client == link.from && pair.destination == link.to) ||
                          (pair.client == link.to && pair.destination == link.from);
      if (is_its) link.kept_apart += pair.open + pair.refused;
    }
    links_.push_back(std::move(link));
    pairs.insert({from, to});
    pairs.insert({to, from});
  }
  for (const auto& [client, destination] : pairs) pairs_.push_back({client, destination});
  connections_seen_ = connections();
}

std::uint64_t Recovery::bytes_of(const Link& link) const {
  const auto up = static_cast<std::size_t>(Direction::kUpstream);
  const auto down = static_cast<std::size_t>(Direction::kDownstream);
  const std::uint64_t asked = traffic_->sum(link.ids).sent_bytes[up];
  if (!link.has_answers) return asked;
  return asked + traffic_->sum({link.ids.destination, link.ids.client}).sent_bytes[down];
}

std::uint64_t Recovery::connections() const {
  std::uint64_t connections = 0;
  for (const ZonePair& pair : pairs_) connections += traffic_->sum(pair).connections;
  return connections;
}

void Recovery::look(const Partitions& all, TimePoint now) {
  if (is_over()) return;
  if (all.traffic() != traffic_) return end();
  watched_ = now - healed_;
  for (Link& link : links_) {
    if (!cuts_all_ || link.first_byte_after) continue;
    if (bytes_of(link) > link.bytes_before) link.first_byte_after = watched_;
  }
  const std::uint64_t connections_now = connections();
  const auto second = static_cast<std::size_t>(watched_ / std::chrono::seconds(1));
  reconnects_.resize(second + 1);
  reconnects_.back() += connections_now - std::exchange(connections_seen_, connections_now);
  next_ = watched_ < kWatched ? look_again(healed_, now) : kNever;
}

}  // namespace faultline
