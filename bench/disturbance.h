#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/time.h"
#include "bench/process_tree.h"

namespace faultline::bench {

/// Watches what else goes on in the machine while we measure: figures taken
/// beside a compiler are worth little, and the reader has to know.
class Disturbance {
 public:
  /// Starts to watch. `peers` are processes that work for us, though we did
  /// not start them.
  explicit Disturbance(const std::vector<pid_t>& peers);

  /// What to warn of, a line each; empty if we had the machine to ourselves.
  std::vector<std::string> warnings() const;

 private:
  double our_cpu_seconds() const;

  std::vector<ProcessTree> ours_;
  TimePoint started_;
  double our_cpu_at_start_ = 0;
  double all_cpu_at_start_ = 0;
  bool is_tcp_memory_short_ = false;
};

}  // namespace faultline::bench
