#pragma once

#include <atomic>
#include <cstdint>

namespace faultline {

/// What one worker has seen of one proxy. Written by that worker, read by any
/// thread; on a cache line of its own.
struct alignas(64) ProxyCounters {
  using Counter = std::atomic<std::uint64_t>;

  Counter connections{0};         ///< Accepted.
  Counter closed_connections{0};  ///< Accepted, and over.
  Counter dial_errors{0};
  Counter accept_errors{0};
  Counter received_bytes[2] = {0, 0};  ///< By Direction: read from its source.
  Counter sent_bytes[2] = {0, 0};      ///< By Direction: written to its destination.
};

}  // namespace faultline
