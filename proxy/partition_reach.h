#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proxy/connection_counter.h"

namespace faultline {

/// How many open connections of a proxy each partition is on, or was before a change.
class PartitionReach final : public ConnectionCounter {
 public:
  /// Both sets must outlive it.
  PartitionReach(const ToxicSet& before, const ToxicSet& after, std::size_t workers);

  bool needs_client() const override { return false; }
  bool needs_destination() const override { return false; }
  void count(std::size_t worker, const ConnectionIdentity& connection, TimePoint now) override;

  /// By the partition's name. REQUIRES: all workers have counted.
  std::map<std::string, std::uint64_t> sum() const;

 private:
  std::map<std::string, std::vector<const LiveToxic*>> parts_;  // By partition.
  std::vector<std::map<std::string, std::uint64_t>> counts_;    // By worker, then partition.
};

}  // namespace faultline
