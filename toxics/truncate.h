#pragma once

#include <cstdint>

#include "toxics/toxic.h"

namespace faultline {

/// Cuts the stream short: so many bytes pass, then its receiver sees FIN, as if
/// the sender had said all; what is sent afterwards is swallowed. The other
/// direction goes on, so the receiver may still speak. (`limit_data` closes the
/// whole connection there; `half_close` goes by time, not by bytes.)
///
/// For an answer that ends early though nothing seems wrong to TCP. An end
/// cannot be taken back: neither a larger limit nor removal reopens the stream.
class Truncate final : public Toxic {
 public:
  /// Bytes are counted in `memory`, from when the toxic reached the link, also
  /// across changes of the limit. The end comes right behind the last byte that
  /// passes; with a limit of 0 or less in place of the first byte. `memory`
  /// outlives the toxic.
  Truncate(std::int64_t limit_bytes, StageMemory& memory);

  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;

 private:
  const std::uint64_t limit_bytes_;
  StageMemory& memory_;
};

}  // namespace faultline
