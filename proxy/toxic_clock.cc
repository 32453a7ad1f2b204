#include "proxy/toxic_clock.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "proxy/toxic_ramp.h"

namespace faultline {

namespace {

bool moves(const LiveToxic& toxic) {
  const ToxicTiming& timing = toxic.spec.timing;
  return timing.pulse || timing.poisson || timing.ramp || toxic.effects.bursts;
}

}  // namespace

void ToxicClock::set(std::shared_ptr<const ToxicSet> toxics) {
  toxics_ = std::move(toxics);
  std::map<std::uint64_t, Hand> before = std::exchange(hands_, {});
  for (const LiveToxic& toxic : *toxics_) {
    if (!moves(toxic)) continue;
    const auto old = before.find(toxic.id);
    const bool goes_on = old != before.end() && old->second.timing == toxic.spec.timing;
    hands_.emplace(toxic.id, goes_on ? std::move(old->second) : hand_of(toxic));
  }
}

ToxicClock::Hand ToxicClock::hand_of(const LiveToxic& toxic) {
  const auto& part = toxic.spec.part;
  const Schedule schedule{.pulse = toxic.spec.timing.pulse,
                          .poisson = toxic.spec.timing.poisson,
                          .key = derive_key(part ? part->turns_key : toxic.chance_key, "schedule"),
                          .start = toxic.since};
  return {toxic.spec.timing, ScheduleCursor(schedule), std::nullopt};
}

std::shared_ptr<const ToxicSet> ToxicClock::at(TimePoint now) {
  next_change_ = kNever;
  const bool is_any_spent = std::any_of(toxics_->begin(), toxics_->end(),
                                        [](const LiveToxic& toxic) { return toxic.is_spent(); });
  if (hands_.empty() && !is_any_spent) return toxics_;
  auto result = std::make_shared<ToxicSet>();
  for (const LiveToxic& toxic : *toxics_) add_if_in_force(toxic, now, *result);
  return result;
}

void ToxicClock::add_if_in_force(const LiveToxic& toxic, TimePoint now, ToxicSet& result) {
  if (toxic.is_spent()) return;
  const auto found = hands_.find(toxic.id);
  if (found == hands_.end()) {
    result.push_back(toxic);
    return;
  }
  Hand& hand = found->second;
  const bool is_on = hand.cursor.in_force(now);
  next_change_ = std::min(next_change_, hand.cursor.next_change(now));
  if (!is_on) return;

  LiveToxic& present = result.emplace_back(toxic);
  if (const auto& ramp = toxic.spec.timing.ramp) {
    const std::uint64_t step = ramp->values.step(std::max(now - toxic.ramp_since, Duration(0)));
    present.spec.attributes = attributes_at(toxic.spec, step);
    present.revision = toxic.revision + step;
    present.effects = effects_for(toxic.spec, step, toxic.samples.get(), toxic.placement);
    next_change_ = std::min(next_change_, ramp->values.next_change(toxic.ramp_since, now));
  }
  if (const auto& wanted = present.effects.bursts) {
    if (!hand.bursts || hand.bursts->settings() != *wanted) {
      hand.bursts.emplace(*wanted, derive_key(toxic.chance_key, "bursts"), toxic.since);
    }
    const LossBursts::Phase phase = hand.bursts->at(now);
    for (PacketRule* rule : {&present.effects.from_client, &present.effects.from_upstream,
                             &present.effects.from_dialling}) {
      if (rule->loss > 0) rule->loss = phase.loss;
    }
    next_change_ = std::min(next_change_, phase.until);
  }
}

}  // namespace faultline
