#include "proxy/ended_toxics.h"

#include <utility>

namespace faultline {

void EndedToxics::add(EndedToxic ended) {
  {
    const std::lock_guard lock(mutex_);
    ended_.push_back(std::move(ended));
  }
  if (wake_) wake_();
}

std::vector<EndedToxic> EndedToxics::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

}  // namespace faultline
