#include "proxy/partition_reach.h"

#include <algorithm>

namespace faultline {

PartitionReach::PartitionReach(const ToxicSet& before, const ToxicSet& after, std::size_t workers)
    : counts_(workers) {
  for (const ToxicSet* toxics : {&before, &after}) {
    for (const LiveToxic& toxic : *toxics) {
      if (toxic.spec.part) parts_[toxic.spec.part->partition].push_back(&toxic);
    }
  }
}

void PartitionReach::count(std::size_t worker, const ConnectionIdentity& connection,
                           TimePoint now) {
  for (const auto& [partition, parts] : parts_) {
    const bool is_reached = std::any_of(parts.begin(), parts.end(), [&](const LiveToxic* part) {
      return part->applies_to(connection, now);
    });
    if (is_reached) ++counts_.at(worker)[partition];
  }
}

std::map<std::string, std::uint64_t> PartitionReach::sum() const {
  std::map<std::string, std::uint64_t> sum;
  for (const auto& counts : counts_) {
    for (const auto& [partition, count] : counts) sum[partition] += count;
  }
  return sum;
}

}  // namespace faultline
