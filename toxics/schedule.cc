#include "toxics/schedule.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace faultline {

namespace {

Duration cut(Duration length) {
  return std::clamp(length, Schedule::kShortest, kLongest);
}

/// An exponential draw, at most kLongest.
Duration exponential(Duration mean, Random chance) {
  const double drawn = -static_cast<double>(mean.count()) * std::log1p(-chance.unit());
  if (drawn >= static_cast<double>(kLongest.count())) return kLongest;
  return Duration(static_cast<std::int64_t>(drawn));
}

}  // namespace

bool Schedule::in_force(TimePoint now) const {
  return ScheduleCursor(*this).in_force(now);
}

TimePoint Schedule::next_change(TimePoint now) const {
  return ScheduleCursor(*this).next_change(now);
}

ScheduleCursor::ScheduleCursor(const Schedule& schedule) {
  if (schedule.pulse) {
    pulse_.emplace(*schedule.pulse, derive_key(schedule.key, "pulse"), schedule.start);
  }
  if (schedule.poisson) {
    poisson_.emplace(*schedule.poisson, derive_key(schedule.key, "poisson"), schedule.start);
  }
}

bool ScheduleCursor::in_force(TimePoint now) {
  bool all_on = true;
  for (std::optional<Turns>* part : {&pulse_, &poisson_}) {
    if (!*part) continue;
    (*part)->move_to(now);
    all_on = all_on && (*part)->is_on();
  }
  return all_on;
}

TimePoint ScheduleCursor::next_change(TimePoint now) {
  TimePoint on_until = kNever;             // If all parts are on.
  TimePoint off_until = TimePoint::min();  // If some are not: the last of them to come on.
  for (std::optional<Turns>* part : {&pulse_, &poisson_}) {
    if (!*part) continue;
    (*part)->move_to(now);
    TimePoint& until = (*part)->is_on() ? on_until : off_until;
    until = (*part)->is_on() ? std::min(until, (*part)->ends_at())
                             : std::max(until, (*part)->ends_at());
  }
  return off_until == TimePoint::min() ? on_until : off_until;
}

ScheduleCursor::Turns::Turns(const OnOff& times, std::uint64_t key, TimePoint start)
    : times_(times), key_(key) {
  times_.on = cut(times.on);
  times_.off = cut(times.off);
  times_.jitter = std::clamp(times.jitter, Duration(0), kLongest);
  ends_at_ = after(start, length_of(0));
}

void ScheduleCursor::Turns::move_to(TimePoint now) {
  const bool is_even = times_.lengths == OnOff::Lengths::kUniform && times_.jitter.count() == 0;
  if (is_even && ends_at_ <= now) {  // Whole rounds at once.
    const Duration round = times_.on + times_.off;
    const auto rounds = (now - ends_at_) / round;
    ends_at_ += rounds * round;
    turn_ += 2 * static_cast<std::uint64_t>(rounds);
  }
  while (ends_at_ <= now && ends_at_ != kNever) ends_at_ = after(ends_at_, length_of(++turn_));
}

Duration ScheduleCursor::Turns::length_of(std::uint64_t turn) const {
  const Duration plain = turn % 2 == 0 ? times_.on : times_.off;
  Random chance(derive_key(key_, turn));
  if (times_.lengths == OnOff::Lengths::kExponential) return cut(exponential(plain, chance));
  if (times_.jitter.count() == 0) return plain;
  return cut(plain + Duration(chance.between(-times_.jitter.count(), times_.jitter.count())));
}

bool TimeWindow::in_force(TimePoint start, TimePoint now) const {
  return now >= faultline::after(start, after) && (!until || now < faultline::after(start, *until));
}

TimePoint TimeWindow::next_change(TimePoint start, TimePoint now) const {
  if (until && *until <= after) return kNever;
  const TimePoint opens = faultline::after(start, after);
  if (now < opens) return opens;
  const TimePoint closes = until ? faultline::after(start, *until) : kNever;
  return now < closes ? closes : kNever;
}

bool ConnectionCount::covers(std::uint64_t index) const {
  if (index < after) return false;
  const std::uint64_t behind = index - after;
  if (first > 0 && behind >= first) return false;
  return every <= 1 || (behind + 1) % every == 0;
}

}  // namespace faultline
