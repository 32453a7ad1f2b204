#pragma once

#include <sys/resource.h>

#include <csignal>
#include <map>
#include <string>
#include <vector>

namespace faultline {

/// What this process was started with and changes for itself: the environment,
/// the limit on open files, what signals do. A child is given it back as it was.
class Inherited {
 public:
  /// Looks: before prepare_process(), and before any signal is blocked.
  Inherited();

  /// The environment as NAME=VALUE, with `changes` made.
  std::vector<std::string> environment_with(
      const std::map<std::string, std::string>& changes) const;

  /// Puts all but the environment back, the blocked signals last. For a child
  /// between fork() and exec(): makes system calls only.
  void restore() const;

 private:
  std::vector<std::string> environment_;
  rlimit files_{};
  bool has_files_ = false;
  sigset_t blocked_{};
  struct sigaction on_broken_pipe_ {};
  struct sigaction on_large_file_ {};
  struct sigaction on_child_ {};
};

}  // namespace faultline
