#include "toxics/ramp.h"

#include <algorithm>

namespace faultline {

std::uint64_t Ramp::last_step() const {
  if (over.count() <= 0) return 0;
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(over / kShortestStep), 1, kMostSteps);
}

std::uint64_t Ramp::step(Duration since_start) const {
  if (since_start.count() < 0 && over.count() > 0) return 0;
  const std::uint64_t last = last_step();
  if (since_start >= over || last == 0) return last;
  return static_cast<std::uint64_t>(static_cast<__int128>(since_start.count()) * last /
                                    over.count());
}

double Ramp::value_at_step(std::uint64_t step) const {
  const std::uint64_t last = last_step();
  if (step >= last) return to;
  const double share = static_cast<double>(step) / static_cast<double>(last);
  return from * (1 - share) + to * share;
}

TimePoint Ramp::next_change(TimePoint start, TimePoint now) const {
  const std::uint64_t present = step(now - start);
  return present >= last_step() ? kNever : after(start, starts_after(present + 1));
}

/// The least time since the start at which step() says `step`. REQUIRES: 1 <= step <= last_step().
Duration Ramp::starts_after(std::uint64_t step) const {
  const std::uint64_t last = last_step();
  const __int128 scaled = static_cast<__int128>(over.count()) * step;
  return Duration(static_cast<std::int64_t>((scaled + last - 1) / last));
}

}  // namespace faultline
