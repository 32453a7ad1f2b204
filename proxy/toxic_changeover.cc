#include "proxy/toxic_changeover.h"

#include <algorithm>

namespace faultline {

namespace {

const LiveToxic* with_id(const ToxicSet& toxics, std::uint64_t id) {
  const auto found = std::find_if(toxics.begin(), toxics.end(),
                                  [&](const LiveToxic& toxic) { return toxic.id == id; });
  return found == toxics.end() ? nullptr : &*found;
}

bool applies(const LiveToxic* toxic, const ConnectionIdentity& connection, TimePoint now) {
  return toxic != nullptr && toxic->applies_to(connection, now);
}

/// How many connections it has been put on, ever.
std::uint64_t put_on(const LiveToxic& toxic) {
  std::uint64_t sum = 0;
  for (const ToxicCounters& counters : *toxic.counters) {
    sum += counters.connections.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace

ToxicChangeover::ToxicChangeover(const ToxicSet& before, const ToxicSet& after,
                                 std::size_t workers) {
  for (const LiveToxic& old : before) {
    if (with_id(after, old.id) == nullptr) steps_.push_back({&old, nullptr});
  }
  for (const LiveToxic& toxic : after) {
    const LiveToxic* old = with_id(before, toxic.id);
    if (old == nullptr || spec_of(*old) != spec_of(toxic)) steps_.push_back({old, &toxic});
  }
  needs_client_ = need_client(before) || need_client(after);
  needs_destination_ = need_destination(before) || need_destination(after);
  counts_.resize(workers);
  for (Counts& counts : counts_) counts.reached.resize(steps_.size());
}

void ToxicChangeover::count(std::size_t worker, const ConnectionIdentity& connection,
                            TimePoint now) {
  Counts& counts = counts_.at(worker);
  ++counts.connections;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    const bool reaches =
        applies(step.before, connection, now) || applies(step.after, connection, now);
    if (reaches) ++counts.reached[i];
  }
}

std::uint64_t ToxicChangeover::reached(std::size_t step) const {
  const auto& [before, after] = steps_.at(step);
  // Of those with limits not all that match are reached, and one that is spent is on none any more.
  if (before == nullptr && after->budget != nullptr) return put_on(*after);
  if (after == nullptr && before->is_spent()) return put_on(*before);
  std::uint64_t sum = 0;
  for (const Counts& counts : counts_) sum += counts.reached.at(step);
  return sum;
}

std::uint64_t ToxicChangeover::connections() const {
  std::uint64_t sum = 0;
  for (const Counts& counts : counts_) sum += counts.connections;
  return sum;
}

ToxicSpec spec_of(const LiveToxic& toxic) {
  ToxicSpec spec = toxic.spec;
  const ToxicType& type = *spec.type;
  if (type.effects != nullptr && !type.is_toxiproxys) spec.engine = toxic.effects.engine;
  return spec;
}

}  // namespace faultline
