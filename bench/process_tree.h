#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace faultline::bench {

/// What processes occupy. Pages that several of them share are counted once in all.
struct Memory {
  std::size_t resident_bytes = 0;
  std::size_t anonymous_bytes = 0;  ///< Of these, what is no file's: what connections need.
};

/// A process with all it has started: what a proxy costs, whether it works with
/// threads, workers or a process for each connection. Looked up in /proc with
/// each question.
class ProcessTree {
 public:
  explicit ProcessTree(pid_t root) : root_(root) {}

  /// CPU time used so far by all its threads, in user space and in the kernel,
  /// including processes that have ended since and were waited for. What lives
  /// is counted to the nanosecond, what has ended to 10 ms.
  double cpu_seconds() const;

  Memory memory() const;

  /// How many descriptors they have open.
  std::size_t open_files() const;

 private:
  std::vector<pid_t> processes() const;

  pid_t root_;
};

}  // namespace faultline::bench
