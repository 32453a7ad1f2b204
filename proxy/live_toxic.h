#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/spec.h"
#include "toxics/toxic_chain.h"
#include "toxics/toxic_counters.h"

namespace faultline {

/// A toxic in force on a proxy, as the workers see it. Immutable.
struct LiveToxic {
  std::uint64_t id = 0;        ///< One for each toxic ever made; never 0.
  std::uint64_t revision = 0;  ///< Changes whenever the attributes do.
  ToxicSpec spec;
  std::uint64_t chance_key = 0;
  /// One for each worker.
  std::shared_ptr<std::vector<ToxicCounters>> counters;
  /// A new one for each revision: what was on its way at the old settings does
  /// not hold up what comes.
  std::shared_ptr<SharedLine> line;

  /// Whether it applies to the proxy's connection number `ordinal`: drawn from
  /// the key and the ordinal alone, so it holds until `toxicity` moves past the draw.
  bool applies_to(std::uint64_t ordinal) const;
};

/// The toxics of one proxy at one time, in chain order, both directions mixed.
using ToxicSet = std::vector<LiveToxic>;

/// The stages that connection `ordinal` gets in one direction, on worker number
/// `worker`. Points into `toxics`.
std::vector<StagePlan> stages_for(const ToxicSet& toxics, Direction direction,
                                  std::uint64_t ordinal, std::size_t worker);

}  // namespace faultline
