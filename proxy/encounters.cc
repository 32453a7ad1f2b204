#include "proxy/encounters.h"

#include <algorithm>
#include <utility>

namespace faultline {

Encounters::~Encounters() {
  for (auto& [id, encounter] : encounters_) take_off(encounter);
}

void Encounters::meet(const ToxicSet& toxics, const ConnectionIdentity& connection, TimePoint now) {
  for (auto& [id, encounter] : encounters_) encounter.is_present = false;
  for (const LiveToxic& toxic : toxics) {
    const auto [place, is_new] = encounters_.try_emplace(toxic.id);
    Encounter& encounter = place->second;
    ToxicCounters& counters = (*toxic.counters)[worker_];
    encounter.is_present = true;
    if (is_new && !is_probe_) count(counters.met);
    if (is_new && !is_probe_ && toxic.budget != nullptr) toxic.budget->note_met();
    const bool is_matched = toxic.matches(connection);
    const bool is_news = is_matched && !std::exchange(encounter.was_matched, true);
    if (is_news && !is_probe_) count(counters.matched);
    // A spent one is taken off by the shard, which then does what its removal is to do.
    if (encounter.is_on && toxic.is_spent()) continue;
    if (!is_matched || !toxic.is_in_force(connection, now) || !may_be_on(toxic, encounter)) {
      take_off(encounter);
      continue;
    }
    encounter.is_on = true;
    if (!std::exchange(encounter.was_on, true) && !is_probe_) note_cut(toxic, connection);
    if (toxic.acts_at_once(connection) && !is_probe_) encounter.applied.note(counters);
  }
  for (auto& [id, encounter] : encounters_) {
    if (!encounter.is_present) take_off(encounter);
  }
}

/// A part of a partition has come to be on the connection.
void Encounters::note_cut(const LiveToxic& toxic, const ConnectionIdentity& connection) const {
  if (!toxic.spec.part || !toxic.spec.part->is_counted) return;
  CutCounters& counters = toxic.spec.part->counts->cut[worker_];
  if (connection.is_dialled) {
    count(counters.open);
  } else if (toxic.cuts()) {
    count(counters.refused);
  }
}

/// Whether its budget, if it has one, allows it.
bool Encounters::may_be_on(const LiveToxic& toxic, Encounter& encounter) const {
  ToxicBudget* budget = toxic.budget.get();
  if (budget == nullptr) return true;
  if (budget->is_spent()) return false;
  if (encounter.is_on || is_probe_) return true;
  if (!budget->take(!encounter.was_on, active_connections(proxy_))) return false;
  encounter.budget = budget;
  return true;
}

void Encounters::take_off(Encounter& encounter) {
  if (encounter.budget != nullptr) std::exchange(encounter.budget, nullptr)->give_back();
  encounter.is_on = false;
}

bool Encounters::is_on(std::uint64_t toxic) const {
  const auto found = encounters_.find(toxic);
  return found != encounters_.end() && found->second.is_on;
}

void Encounters::note_undialled(const ToxicSet& toxics) {
  if (is_probe_) return;
  for (const LiveToxic& toxic : toxics) {
    if (!toxic.effects.resets_undialled || !is_on(toxic.id)) continue;
    applied(toxic.id)->note((*toxic.counters)[worker_]);
  }
}

AppliedOnce* Encounters::applied(std::uint64_t toxic) {
  const auto found = encounters_.find(toxic);
  return found == encounters_.end() || is_probe_ ? nullptr : &found->second.applied;
}

void Encounters::forget_others(const ToxicSet& all) {
  for (auto next = encounters_.begin(); next != encounters_.end();) {
    const auto entry = next++;
    const bool is_there = entry->second.is_present ||
                          std::any_of(all.begin(), all.end(), [&](const LiveToxic& toxic) {
                            return toxic.id == entry->first;
                          });
    if (!is_there) encounters_.erase(entry);  // It is off: it was not met last.
  }
}

}  // namespace faultline
