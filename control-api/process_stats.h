#pragma once

#include <cstdint>

namespace faultline {

/// What the kernel counts of this process.
struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  ///< Since the Unix epoch.
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

/// Read from /proc/self; what cannot be read is 0.
ProcessStats read_process_stats();

}  // namespace faultline
