#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

namespace faultline {

/// What one worker has seen of one proxy. Written by that worker, read by any
/// thread; on a cache line of its own.
struct alignas(64) ProxyCounters {
  using Counter = std::atomic<std::uint64_t>;

  Counter connections{0};         ///< Accepted.
  Counter closed_connections{0};  ///< Accepted, and over.
  Counter dial_errors{0};
  Counter accept_errors{0};
  Counter greeting_errors{0};          ///< Clients that did not say what they have to, or in time.
  Counter received_bytes[2] = {0, 0};  ///< By Direction: read from its source.
  Counter sent_bytes[2] = {0, 0};      ///< By Direction: written to its destination.
};

/// How many connections a proxy with these counters has, as far as its workers
/// have said so yet. Any thread.
inline std::uint64_t active_connections(const std::vector<ProxyCounters>& workers) {
  std::uint64_t accepted = 0;
  std::uint64_t closed = 0;
  for (const ProxyCounters& counters : workers) {
    closed += counters.closed_connections.load(std::memory_order_relaxed);
    accepted += counters.connections.load(std::memory_order_relaxed);
  }
  return accepted - std::min(accepted, closed);
}

}  // namespace faultline
