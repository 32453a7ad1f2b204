#pragma once

#include <cstdint>
#include <memory>

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
/// With other settings the simulated connection goes on, over a changed path: a
/// ramp that began it anew ten times a second would never let it get anywhere.
/// With another `congestion` it is another connection, and begins anew.
class PathModel final : public Toxic {
 public:
  /// `memory` gives the key of the simulation's chance, and the simulation of
  /// the one before, if there was one; not used after that.
  PathModel(const PathModelSettings& settings, StageMemory& memory);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_finish(TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint now, Outlet& out) override;
  void on_replace(StageMemory& memory) override;
  bool sees_bytes() const override { return !is_clear_; }
  std::size_t window() const override { return kFullWindow; }

 private:
  /// A simulated connection and how far it has come.
  struct Simulation final : Keepsake {
    Simulation(const TcpPathSettings& settings, std::uint64_t key)
        : path(settings, key), congestion(settings.congestion) {}

    TcpPath path;
    const CongestionControl::Algorithm congestion;
    TimePoint starts_at = TimePoint::min();  // The first byte is sent then.
    std::uint64_t on_way = 0;                // Bytes sent and not delivered; a lone FIN is one.
  };

  void resume(TimePoint now, Outlet& out);
  void play(TimePoint now, Outlet& out);

  const bool is_clear_;
  const PathModelSettings settings_;
  const std::uint64_t key_;
  std::unique_ptr<Simulation> simulation_;
  bool resumes_ = false;       // It goes on where the one before was, once told what that held.
  std::uint64_t waiting_ = 0;  // Bytes that are not sent yet.
  std::uint64_t held_ = 0;     // Bytes not yet let go of.
};

}  // namespace faultline
