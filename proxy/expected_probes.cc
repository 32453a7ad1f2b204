#include "proxy/expected_probes.h"

namespace faultline {

std::shared_ptr<ProbeMark> ExpectedProbes::expect(const CompactAddress& from) {
  const std::lock_guard lock(mutex_);
  expected_.emplace_back(from, std::make_shared<ProbeMark>());
  count_.store(expected_.size());
  return expected_.back().second;
}

void ExpectedProbes::forget(const CompactAddress& from) {
  const std::lock_guard lock(mutex_);
  std::erase_if(expected_, [&](const auto& one) { return one.first == from; });
  count_.store(expected_.size());
}

std::shared_ptr<ProbeMark> ExpectedProbes::find(const SocketAddress& client) const {
  if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
  const CompactAddress from(client);
  const std::lock_guard lock(mutex_);
  for (const auto& [address, mark] : expected_) {
    if (address == from) return mark;
  }
  return nullptr;
}

}  // namespace faultline
