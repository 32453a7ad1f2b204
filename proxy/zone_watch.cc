#include "proxy/zone_watch.h"

#include <utility>

#include "proxy/encounters.h"

namespace faultline {

ZoneWatch::ZoneWatch(ZonePairCounters& counters) : counters_(&counters) {
  count(counters_->connections);
}

ZoneWatch::~ZoneWatch() {
  count(counters_->closed);
}

void ZoneWatch::move_to(ZonePairCounters& counters) {
  count(counters_->closed);
  counters_ = &counters;
  count(counters_->connections);
}

void ZoneWatch::note(std::uint64_t sent_upstream, std::uint64_t sent_downstream) {
  const std::uint64_t up = sent_upstream - std::exchange(sent_upstream_, sent_upstream);
  const std::uint64_t down = sent_downstream - std::exchange(sent_downstream_, sent_downstream);
  if (up == 0 && down == 0) return;
  count(counters_->sent_bytes[static_cast<std::size_t>(Direction::kUpstream)], up);
  count(counters_->sent_bytes[static_cast<std::size_t>(Direction::kDownstream)], down);
  for (const Cut& cut : cuts_) {
    const std::uint64_t crossed = (cut.upstream ? up : 0) + (cut.downstream ? down : 0);
    if (crossed > 0) count(cut.counters->crossed_bytes, crossed);
  }
}

void ZoneWatch::look_at(const ToxicSet& toxics, const Encounters& encounters, std::size_t worker) {
  cuts_.clear();
  for (const LiveToxic& toxic : toxics) {
    if (!toxic.cuts() || !encounters.is_on(toxic.id)) continue;
    const PartitionPart& part = *toxic.spec.part;
    cuts_.push_back({&part.counts->cut[worker], part.cuts_upstream, part.cuts_downstream});
  }
}

void ZoneWatch::note_crossed_connection() {
  for (const Cut& cut : cuts_) count(cut.counters->crossed_connections);
}

}  // namespace faultline
