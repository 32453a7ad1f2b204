#pragma once

#include <cstdint>

#include "toxics/toxic.h"

namespace faultline {

/// Closes the connection once so many bytes have passed.
class LimitData final : public Toxic {
 public:
  /// Bytes are counted in `memory`, from when the toxic reached the link, also
  /// across changes of the limit. With a limit of 0 or less the first byte
  /// closes. `memory` outlives the toxic.
  LimitData(std::int64_t limit_bytes, StageMemory& memory);

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;

 private:
  const std::uint64_t limit_bytes_;
  StageMemory& memory_;
};

}  // namespace faultline
