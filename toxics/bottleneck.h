#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace faultline {

/// The slowest line of a path, with the queue in front of it: what does not
/// fit is dropped, as it comes (drop-tail).
class Bottleneck {
 public:
  /// `bytes_per_second` 0 is no limit. `queue_bytes` 0 is a queue for what the
  /// line carries in one `rtt`, and at least 64 KB.
  Bottleneck(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt);

  /// A packet of `bytes`, headers and all, comes at `at`: when it has been
  /// transmitted, or nothing if it is dropped. REQUIRES: `at` never decreases.
  std::optional<TimePoint> transmit(std::size_t bytes, TimePoint at);

  /// From `now` on the line has another rate, for what waits in its queue too:
  /// all of that leaves after so many times the wait it had left, as is returned.
  double change(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt,
                TimePoint now);

 private:
  void set(std::uint64_t bytes_per_second, std::size_t queue_bytes, Duration rtt);
  Duration time_for(std::uint64_t bytes) const;

  std::uint64_t rate_ = 0;
  Duration longest_wait_{0};  // Of the last packet that still fits.
  TimePoint free_at_{};
};

}  // namespace faultline
