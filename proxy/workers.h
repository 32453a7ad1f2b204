#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "toxics/toxic_counters.h"

namespace faultline {

class Worker;

/// The threads that move bytes, each with a loop of its own. Made and used by
/// the control thread.
class Workers {
 public:
  struct Options {
    std::size_t count = 0;                          ///< 0: one per core.
    std::size_t memory_limit_bytes = 1024UL << 20;  ///< What links may hold, in all.
    std::size_t link_window_bytes = 16UL << 20;     ///< What one link may hold.
    bool may_batch_calls = true;                    ///< See CallBatch.
    bool may_filter_packets = false;                ///< The kernel lets us: see packet_filter.h.
  };

  explicit Workers(const Options& options);
  ~Workers();  ///< Stops and joins them. REQUIRES: no proxy lives on them any more.
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t size() const;
  bool may_filter_packets() const { return may_filter_packets_; }

  /// Runs `task` once on each worker's thread, between two of its callbacks,
  /// and returns when all have. `task` gets the worker and its number. Never
  /// call it from a worker.
  void run_on_all(const std::function<void(Worker&, std::size_t)>& task);

  /// The same for what may take a worker several turns: returns when each has called `done`, on its
  /// thread, before its task returns or later.
  using Done = std::function<void()>;
  void run_to_end(const std::function<void(Worker&, std::size_t, const Done& done)>& task);

  /// Runs `task` the same way, and does not wait. Any thread; on a worker's own
  /// loop it runs before the present turn is over.
  void post_to_all(const std::function<void(Worker&)>& task);

  /// How late each worker's loop came to its alarms, by worker. Any thread.
  std::vector<DurationHistogram::Snapshot> loop_lag() const;

  /// What toxics hold back, over all workers.
  struct Memory {
    std::size_t held_bytes = 0;
    std::size_t limit_bytes = 0;
    std::uint64_t limited_reads = 0;  ///< Reads put off or cut short by the limit, ever.
  };
  Memory memory() const;  ///< Any thread.

 private:
  struct Thread;
  const std::size_t memory_limit_bytes_;
  const bool may_filter_packets_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace faultline
