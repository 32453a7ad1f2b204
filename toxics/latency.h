#pragma once

#include <cstdint>
#include <optional>

#include "toxics/toxic.h"

namespace faultline {

/// Delays what passes. The rate is untouched: chunks wait side by side.
///
/// The delay is drawn once per burst, so what a message gets does not depend
/// on how many chunks it was cut into: with a draw per chunk, a long message,
/// which cannot overtake itself, would always get the longest.
class Latency final : public Toxic {
 public:
  /// Each burst gets `delay` and up to `jitter` more or less, uniformly; less
  /// than nothing is nothing. `memory` outlives the toxic.
  Latency(Duration delay, Duration jitter, StageMemory& memory)
      : delay_(delay), jitter_(jitter), memory_(memory) {}

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  std::size_t window() const override { return kFullWindow; }

 private:
  Duration draw();

  const Duration delay_;
  const Duration jitter_;
  StageMemory& memory_;
  Duration burst_delay_{0};
  std::optional<std::uint32_t> burst_;  // The one burst_delay_ was drawn for.
};

}  // namespace faultline
