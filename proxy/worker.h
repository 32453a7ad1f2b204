#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>

#include "proxy/buffer_pool.h"
#include "proxy/ended_connections.h"
#include "proxy/event_loop.h"
#include "proxy/farewell.h"
#include "proxy/pipe.h"

namespace faultline {

class Shard;

/// One thread's world: a loop, its share of every proxy, and what they share.
/// Touched by its own thread alone, but for held_bytes(), limited_reads() and lag.
class Worker final : AlarmOwner {
 public:
  struct Limits {
    std::size_t held_bytes;         ///< What all links of this worker may hold.
    std::size_t link_window_bytes;  ///< What one link may hold.
    bool may_batch_calls;           ///< See CallBatch.
  };

  Worker(std::size_t index, const Limits& limits);
  ~Worker();

  std::size_t index() const { return index_; }
  EventLoop& loop() { return loop_; }
  Farewells& farewells() { return farewells_; }
  EndedConnections& ended() { return ended_; }
  std::size_t link_window_bytes() const { return limits_.link_window_bytes; }

  BufferPool& buffers() { return buffers_; }
  PipePool& pipes() { return pipes_; }

  void add_shard(std::uint64_t proxy, std::unique_ptr<Shard> shard);
  Shard& shard(std::uint64_t proxy);
  /// Null if the proxy has none here.
  Shard* find_shard(std::uint64_t proxy);
  void remove_shard(std::uint64_t proxy);
  /// On every shard.
  void refresh_toxics();

  /// How many more bytes a link that holds `held` may take in. Once all links
  /// together hold what they may, each can still hold a little, so that none
  /// starves for good.
  std::size_t room_for(std::size_t held) const {
    constexpr std::size_t kGuaranteed = 16 * 1024;
    const std::size_t all = held_bytes();
    const std::size_t left = limits_.held_bytes - std::min(all, limits_.held_bytes);
    return std::max(left, kGuaranteed - std::min(held, kGuaranteed));
  }

  /// A link now holds `now` bytes instead of `before`.
  void account(std::size_t before, std::size_t now) {
    held_bytes_.store(held_bytes() - before + now, std::memory_order_relaxed);
  }
  std::size_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

  /// A read was put off or cut short for room_for().
  void note_limited_read() { count(limited_reads_); }
  std::uint64_t limited_reads() const { return limited_reads_.load(std::memory_order_relaxed); }

 private:
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override;

  const std::size_t index_;
  const Limits limits_;
  BufferPool buffers_;  // Before whatever may hold some of them.
  EventLoop loop_;
  Farewells farewells_;
  Alarm probe_;  // Goes off now and then: measures the loop's lag on a quiet worker too, and trims.
  PipePool pipes_;
  EndedConnections ended_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Shard>> shards_;
  std::atomic<std::size_t> held_bytes_{0};
  std::atomic<std::uint64_t> limited_reads_{0};
};

}  // namespace faultline
