#include "control-api/timeline.h"

#include <algorithm>
#include <tuple>

namespace faultline {

TimelineProgress::TimelineProgress(const Timeline& timeline) {
  for (std::size_t i = 0; i < timeline.steps.size(); ++i) {
    moves_.push_back({timeline.steps[i].start, true, i});
    moves_.push_back({timeline.steps[i].end, false, i});
  }
  std::stable_sort(moves_.begin(), moves_.end(), [](const Move& one, const Move& other) {
    return std::tuple(one.at, !one.starts) < std::tuple(other.at, !other.starts);
  });
}

std::optional<TimelineProgress::Move> TimelineProgress::take_due(Duration elapsed) {
  if (taken_ == moves_.size() || moves_[taken_].at > elapsed) return std::nullopt;
  return moves_[taken_++];
}

std::optional<Duration> TimelineProgress::next() const {
  if (taken_ == moves_.size()) return std::nullopt;
  return moves_[taken_].at;
}

}  // namespace faultline
