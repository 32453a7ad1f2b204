#include "toxics/loss_bursts.h"

#include <algorithm>

#include "base/random.h"
#include "base/verify.h"

namespace faultline {

namespace {

/// at() looks ahead for a change to the next multiple of this: some 20 us of work.
constexpr std::uint64_t kLookSlots = 2'048;

/// So often the state is drawn afresh, from its stationary distribution: it
/// bounds what at() has to look back. (11 minutes of 10 ms.)
constexpr std::uint64_t kFreshSlots = 65'536;

bool is_chance(double value) {
  return value >= 0 && value <= 1;
}

/// The share of time that the link is bad.
double share_of_bad(const LossBursts::Settings& settings) {
  return settings.p > 0 ? settings.p / (settings.p + settings.r) : 0;
}

}  // namespace

LossBursts::LossBursts(const Settings& settings, std::uint64_t key, TimePoint start)
    : settings_(settings), key_(key), start_(start), known_bad_(is_bad_after(false, 0)) {
  VERIFY(is_chance(settings.p) && is_chance(settings.r));
  VERIFY(is_chance(settings.loss_in_bad) && is_chance(settings.loss_in_good));
  VERIFY(settings.slot.count() > 0);
}

double LossBursts::mean_loss(const Settings& settings) {
  const double bad = share_of_bad(settings);
  return bad * settings.loss_in_bad + (1 - bad) * settings.loss_in_good;
}

LossBursts::Phase LossBursts::at(TimePoint now) {
  const Duration since = std::max(now - start_, Duration(0));
  const auto slot = static_cast<std::uint64_t>(since / settings_.slot);
  if (slot < known_slot_ || slot >= known_end_) {
    known_bad_ = is_bad(slot);
    known_slot_ = slot;
    known_end_ = slot + 1;
    while (known_end_ % kLookSlots != 0 && is_bad_after(known_bad_, known_end_) == known_bad_) {
      ++known_end_;
    }
  }
  return {known_bad_ ? settings_.loss_in_bad : settings_.loss_in_good, start_of(known_end_)};
}

/// Each slot has one draw, whatever the link was before:
///
///   draw     0 ....... one ........ other ....... 1       `one` and `other` are p and 1 - r
///   is now      bad        (*)            good            (*) depends on what it was
///
/// So the last draw outside the middle settles how things were then, and it need
/// not be known what came before it.
bool LossBursts::is_bad(std::uint64_t slot) const {
  const auto is_settled = [this](std::uint64_t at) {
    return is_bad_after(true, at) == is_bad_after(false, at);
  };
  std::uint64_t from = slot;
  while (from != known_slot_ && !is_settled(from)) --from;
  bool bad = from == known_slot_ ? known_bad_ : is_bad_after(false, from);
  while (from != slot) bad = is_bad_after(bad, ++from);
  return bad;
}

bool LossBursts::is_bad_after(bool was_bad, std::uint64_t slot) const {
  const bool is_fresh = slot % kFreshSlots == 0;
  const double chance_of_bad = is_fresh  ? share_of_bad(settings_)
                               : was_bad ? 1 - settings_.r
                                         : settings_.p;
  return Random(derive_key(key_, slot)).unit() < chance_of_bad;
}

TimePoint LossBursts::start_of(std::uint64_t slot) const {
  const auto most = static_cast<std::uint64_t>(kLongest / settings_.slot);
  return after(start_, settings_.slot * static_cast<std::int64_t>(std::min(slot, most)));
}

}  // namespace faultline
