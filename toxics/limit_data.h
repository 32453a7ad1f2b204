#pragma once

#include <cstdint>

#include "toxics/toxic.h"

namespace faultline {

/// Ends the connection, or one direction of it, once so many bytes have passed.
/// (LimitTime goes by time.)
///
/// An end of one direction is for an answer that is cut short though nothing
/// seems wrong to TCP: its receiver sees FIN, and may still speak. What is sent
/// afterwards is swallowed. Neither a larger limit nor removal takes it back.
class LimitData final : public Toxic {
 public:
  enum class Ending {
    kClose,   ///< FIN to both peers.
    kFinish,  ///< FIN to the link's receiver; the other direction goes on.
  };

  /// Bytes are counted in `memory`, from when the toxic reached the link, also
  /// across changes of the limit. The end comes right behind the last byte that
  /// passes; with a limit of 0 or less in place of the first byte. `memory`
  /// outlives the toxic.
  LimitData(std::int64_t limit_bytes, Ending ending, StageMemory& memory);

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;

 private:
  const std::uint64_t limit_bytes_;
  const Ending ending_;
  StageMemory& memory_;
};

}  // namespace faultline
