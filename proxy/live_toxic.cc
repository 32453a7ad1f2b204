#include "proxy/live_toxic.h"

#include "base/random.h"

namespace faultline {

bool LiveToxic::applies_to(std::uint64_t ordinal) const {
  Random draw(derive_key(chance_key, ordinal));
  return draw.unit() < static_cast<double>(spec.toxicity);
}

std::vector<StagePlan> stages_for(const ToxicSet& toxics, Direction direction,
                                  std::uint64_t ordinal, std::size_t worker) {
  std::vector<StagePlan> stages;
  for (const LiveToxic& toxic : toxics) {
    if (toxic.spec.direction != direction || !toxic.applies_to(ordinal)) continue;
    stages.push_back({.id = toxic.id,
                      .revision = toxic.revision,
                      .type = toxic.spec.type,
                      .attributes = &toxic.spec.attributes,
                      .chance_key = derive_key(derive_key(toxic.chance_key, ordinal), 1),
                      .counters = &(*toxic.counters)[worker],
                      .line = toxic.line.get()});
  }
  return stages;
}

}  // namespace faultline
