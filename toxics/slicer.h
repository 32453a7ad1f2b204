#pragma once

#include <cstdint>

#include "toxics/toxic.h"

namespace faultline {

/// Cuts what passes into small pieces, each sent on its own, with a pause after each.
class Slicer final : public Toxic {
 public:
  /// Pieces come from halving each chunk until they are at most `average` +
  /// `variation` bytes, the middle moved by up to `variation` either way. An
  /// `average` of 0 or less does not cut; negative variation and pause are 0.
  /// `memory` outlives the toxic.
  Slicer(std::int64_t average, std::int64_t variation, Duration pause, StageMemory& memory);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;

  /// Little enough that no chunk is cut into more than about a thousand pieces.
  std::size_t window() const override;

 private:
  /// Where to cut `size` bytes, in 1 .. size - 1; or `size`, not to cut them.
  std::int64_t cut(std::int64_t size);

  const std::int64_t average_;
  const std::int64_t variation_;
  const Duration pause_;
  StageMemory& memory_;
  TimePoint next_at_{};  ///< When the pause after the last piece is over.
};

}  // namespace faultline
