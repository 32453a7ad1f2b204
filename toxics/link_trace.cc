#include "toxics/link_trace.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace faultline {

namespace {

Duration milliseconds(double count) {
  return saturated_milliseconds(static_cast<std::int64_t>(count));
}

}  // namespace

Result<void> check_link_trace(const SampleTable& trace) {
  const std::vector<double>& times = trace.in_order();
  double before = 0;
  for (std::size_t i = 0; i < times.size(); before = times[i++]) {
    if (times[i] == std::trunc(times[i]) && times[i] >= before) continue;
    return fail(ErrorKind::kInvalid,
                "number " + std::to_string(i + 1) +
                    " of the trace must be a whole number of ms, not below the one before it or 0");
  }
  constexpr auto kMost = std::chrono::duration_cast<std::chrono::milliseconds>(kLongest).count();
  if (times.back() < 1 || times.back() > static_cast<double>(kMost)) {
    return fail(ErrorKind::kInvalid, "the last number of a trace must be from 1 ms to 100 years");
  }
  return {};
}

LinkTrace::LinkTrace(const SampleTable& trace)
    : times_ms_(trace.in_order()), period_(milliseconds(times_ms_.back())) {}

void LinkTrace::on_start(TimePoint now, Outlet& /*out*/) {
  start_ = now;
}

void LinkTrace::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (time_of(chance_) < arrived) {
    chance_ = first_from(arrived);
    left_ = kBytesEach;
  }
  for (bool is_left = true; is_left;) {
    const TimePoint due = time_of(chance_);
    std::size_t room = left_;
    while (room < chunk.size() && time_of(next_after(chance_)) == due) {
      chance_ = next_after(chance_);
      room += kBytesEach;
    }
    is_left = room < chunk.size();
    left_ = is_left ? 0 : room - chunk.size();
    out.send(is_left ? chunk.take_front(room) : std::move(chunk), due);
    if (left_ == 0) {
      chance_ = next_after(chance_);
      left_ = kBytesEach;
    }
  }
  window_ = std::max(kSmallWindow, kBytesEach * count_around(time_of(chance_)));
}

TimePoint LinkTrace::time_of(Chance chance) const {
  if (chance.round > kLongest / period_) return kNever;
  return after(start_, chance.round * period_ + milliseconds(times_ms_[chance.index]));
}

/// The first of those at `time` or later.
LinkTrace::Chance LinkTrace::first_from(TimePoint time) const {
  const Duration since = std::max(time - start_, Duration(0));
  Chance chance{.round = since / period_};
  Duration offset = since % period_;
  if (offset.count() == 0 && chance.round > 0) {  // The last of a round is not too late yet.
    --chance.round;
    offset = period_;
  }
  const auto first = std::partition_point(times_ms_.begin(), times_ms_.end(), [&](double time_ms) {
    return milliseconds(time_ms) < offset;
  });
  chance.index = static_cast<std::size_t>(first - times_ms_.begin());
  return chance;
}

LinkTrace::Chance LinkTrace::next_after(Chance chance) const {
  if (++chance.index < times_ms_.size()) return chance;
  return {.round = chance.round + 1};
}

/// How many there are shortly before and after `time`: what a link must be able to hold to use
/// them all, when its pump has a turn only now and then.
std::size_t LinkTrace::count_around(TimePoint time) const {
  constexpr Duration kShortly = std::chrono::milliseconds(50);
  if (time >= kNever - kShortly) return 0;
  const Chance first = first_from(time - kShortly);
  const Chance last = first_from(time + kShortly);
  const auto rounds = static_cast<std::size_t>(last.round - first.round);
  return rounds * times_ms_.size() + last.index - first.index;
}

}  // namespace faultline
