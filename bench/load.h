#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "bench/histogram.h"
#include "bench/origin_process.h"
#include "bench/process_tree.h"

namespace faultline::bench {

/// Where load goes.
struct Target {
  OriginProcess& origin;
  std::uint16_t port = 0;           ///< Of the proxy, or of the origin itself.
  std::optional<ProcessTree> cost;  ///< Whose CPU time counts; none for the direct connection.
};

/// When to measure: `length`, after the load has run for `warm_up`.
struct Window {
  Duration warm_up{};
  Duration length{};
};

/// What was seen in a window.
struct LoadResult {
  double seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t bytes = 0;  ///< Payload that has arrived; of an echo, back at its sender.
  LatencyHistogram latency;
  double cpu_seconds = 0;                 ///< Of the proxy.
  std::vector<std::uint64_t> bytes_each;  ///< Bulk: what the client moved on each connection.
  /// From the first piece that arrived to the last: exact where pieces are few. Downloads only.
  double steady_bytes_per_second = 0;
  std::uint64_t failures = 0;  ///< Bytes or messages lost or wrong, connections broken.
  std::string first_failure;
  std::uint64_t lost = 0;  ///< Of the failures, messages that did not come back. Echoes only.

  void add_failure(const std::string& what) {
    if (failures++ == 0) first_failure = what;
  }
};

/// Measures the time and the proxy's CPU time of one window.
class Stopwatch {
 public:
  explicit Stopwatch(const Target& target);  ///< Starts it.

  /// Notes in `result` what has passed since.
  void stop(LoadResult& result) const;

 private:
  const Target& target_;
  double cpu_seconds_ = 0;
  TimePoint started_;
};

/// How long the last bytes of a load may take.
inline constexpr Duration kDrainPatience = std::chrono::seconds(10);

}  // namespace faultline::bench
