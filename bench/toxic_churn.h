#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "bench/live_faultline.h"

namespace faultline::bench {

/// A type of toxic, and what it may be set to.
struct ToxicKind {
  const char* type;
  std::vector<ToxicAttributes> settings;
};

/// Those that lose no byte and end no connection.
const std::vector<ToxicKind>& gentle_toxics();

/// Those that do.
const std::vector<ToxicKind>& rough_toxics();

/// Adds, changes and removes toxics of one proxy, by chance, in both directions.
class ToxicChurn {
 public:
  /// `kinds` must outlive it.
  ToxicChurn(LiveFaultline api, const std::vector<ToxicKind>& kinds)
      : api_(std::move(api)), kinds_(kinds) {}

  /// Makes one call. Errors: as those of LiveFaultline.
  Result<void> step();

  /// Errors: as those of LiveFaultline; some may be left.
  Result<void> remove_all();

  std::uint64_t calls() const { return calls_; }

 private:
  struct Present {
    std::string name;
    const ToxicKind* kind;
  };

  template <class Values>
  auto& any_of(Values& values) {
    return values[random_.next() % values.size()];
  }

  Result<Duration> add();
  Result<Duration> remove(std::size_t which);

  const LiveFaultline api_;
  const std::vector<ToxicKind>& kinds_;
  std::vector<Present> present_;
  Random random_{1};
  std::uint64_t calls_ = 0;
};

}  // namespace faultline::bench
