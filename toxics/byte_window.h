#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "toxics/toxic.h"

namespace faultline {

/// Keeps another toxic to a part of the stream.
///
///   0 ...... after | after ............. until | until ......
///   passes         | the inner toxic sees it   | passes
///
/// The inner toxic starts when the last byte before its window has passed: for
/// it the link begins there, and it counts bytes from there. It stays in force
/// until the first byte behind its window arrives. Then it is taken away like
/// any toxic: one that has eaten bytes ends the connection; what it held without
/// a time goes on, before that byte; what it gave a time keeps it, and that byte
/// waits behind. Outside of its window its own window() is no bound: what it does
/// not take in passes here.
class ByteWindow final : public Toxic {
 public:
  struct Bounds {
    std::uint64_t after = 0;  ///< The first byte inside.
    /// The first behind; absent: there is none.
    std::optional<std::uint64_t> until = std::nullopt;

    bool operator==(const Bounds&) const = default;
  };

  /// Makes the inner toxic for the memory it is given.
  using MakeInner = std::function<std::unique_ptr<Toxic>(StageMemory&)>;

  /// An empty window (`until` <= `after`) never opens. `memory` outlives the
  /// toxic. It counts what has arrived here; while the inner toxic is made or
  /// called it shows that one's own count instead.
  ByteWindow(Bounds bounds, const MakeInner& make_inner, StageMemory& memory);
  ~ByteWindow() override;

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  void on_finish(TimePoint arrived, Outlet& out) override;
  void on_wake(TimePoint now, Outlet& out) override;
  void on_remove(TimePoint now, Outlet& out) override;
  void on_replace(StageMemory& memory) override {
    if (phase_ == Phase::kInside) inner_->on_replace(memory);
  }
  std::size_t window() const override;

 private:
  enum class Phase { kBefore, kInside, kBehind };
  class InnerOutlet;

  std::uint64_t inner_count(std::uint64_t position) const;
  template <class Call>
  void call_inner(TimePoint now, Outlet& out, const Call& call);
  void open(TimePoint now, Outlet& out);
  void close(TimePoint now, Outlet& out);
  void pass(Chunk chunk, TimePoint arrived, Outlet& out);
  void tell_inner(Chunk chunk, TimePoint arrived, Outlet& out);

  const std::uint64_t after_;
  const std::uint64_t until_;
  StageMemory& memory_;  // Outside of the inner toxic's calls: the position in the stream.
  const std::unique_ptr<Toxic> inner_;
  Phase phase_ = Phase::kBefore;
  TimePoint opened_at_ = TimePoint::min();
  std::uint64_t held_for_ever_ = 0;  // Bytes the inner toxic sent with kNever.
  bool resetting_ = false;           // It has asked for a reset, which waits for its wake.
};

}  // namespace faultline
