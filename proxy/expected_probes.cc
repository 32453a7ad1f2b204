#include "proxy/expected_probes.h"

#include <algorithm>
#include <utility>

#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

/// How long one that is connected may wait until it is accepted, and is not mistaken for whoever
/// has its port after it.
constexpr Duration kPatience = std::chrono::seconds(10);

}  // namespace

std::shared_ptr<ProbeMark> ExpectedProbes::expect(const CompactAddress& from, TimePoint now) {
  auto mark = std::make_shared<ProbeMark>();
  const std::lock_guard lock(mutex_);
  std::erase_if(expected_, [&](const Expected& one) { return one.until <= now; });
  expected_.push_back({from, mark, now + kPatience});
  count_.store(expected_.size());
  return mark;
}

void ExpectedProbes::forget(const CompactAddress& from) {
  const std::lock_guard lock(mutex_);
  std::erase_if(expected_, [&](const Expected& one) { return one.from == from; });
  count_.store(expected_.size());
}

std::shared_ptr<ProbeMark> ExpectedProbes::take(const SocketAddress& client) {
  if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
  const CompactAddress from(client);
  const TimePoint now = clock_now();
  const std::lock_guard lock(mutex_);
  std::erase_if(expected_, [&](const Expected& one) { return one.until <= now; });
  const auto found = std::find_if(expected_.begin(), expected_.end(),
                                  [&](const Expected& one) { return one.from == from; });
  std::shared_ptr<ProbeMark> mark;
  if (found != expected_.end()) {
    mark = std::move(found->mark);
    expected_.erase(found);
  }
  count_.store(expected_.size());
  return mark;
}

}  // namespace faultline
