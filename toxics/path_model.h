#pragma once

#include <cstdint>

#include "toxics/tcp_path.h"
#include "toxics/toxic.h"

namespace faultline {

struct PathModelSettings {
  TcpPathSettings path{};
  /// So long after the toxic came the first byte is sent: what the connection's
  /// handshake would still have taken. 0 for a connection that was open by then.
  Duration handshake{0};
};

/// Delivers bytes when TCP would on a bad path (TcpPath), to the 0.1 ms.
///
/// It holds what arrives, and lets go of as much as the simulation delivers,
/// so everything behind a lost packet waits for it. FIN comes with the last
/// byte; by itself it is a packet, and may be lost like one.
///
/// The toxics `path` (adds_delay: the path's delay, slow start and all) and
/// `packet_loss` (only what losing packets costs) are both this. A path that
/// loses nothing and adds nothing does not look at bytes.
///
/// With other settings a new simulation begins, with all that is still held.
class PathModel final : public Toxic {
 public:
  /// `memory` gives the key of the simulation's chance; not used after that.
  PathModel(const PathModelSettings& settings, StageMemory& memory);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_finish(TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint now, Outlet& out) override;
  bool sees_bytes() const override { return !is_clear_; }
  std::size_t window() const override { return kFullWindow; }

 private:
  void play(TimePoint now, Outlet& out);

  const bool is_clear_;
  const Duration handshake_;
  TcpPath path_;
  TimePoint starts_at_{};      // The first byte is sent then.
  std::uint64_t waiting_ = 0;  // Bytes that came before.
  std::uint64_t held_ = 0;     // Bytes not yet let go of.
};

}  // namespace faultline
