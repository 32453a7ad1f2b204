#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline::bench {

/// A folder of this run's own; removed at the end with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A process that was started, and the group of those it starts itself. All of
/// them are ended with this object, and when the thread that made it dies.
class Child {
 public:
  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();  ///< Asks it to end, waits a second, and kills what is left.

  /// Runs `program` (looked up in $PATH) without input; what it writes goes to
  /// the file `log_path`. Our own FAULTLINE_* settings are kept from it.
  static Result<Child> run(const std::string& program, const std::vector<std::string>& arguments,
                           const std::string& log_path);

  /// Runs `body` in a copy of this process, which ends with it.
  template <class Body>
  static Result<Child> fork_off(const Body& body) {
    auto child = split();
    if (child && child->pid_ == 0) end_copy(body());
    return child;
  }

  pid_t pid() const { return pid_; }
  bool is_running();

  /// Asks it to end. Its exit status; none if a signal ended it, or nothing has
  /// in time. REQUIRES: it was started.
  std::optional<int> end(std::chrono::milliseconds patience);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  /// In the copy, pid() is 0.
  static Result<Child> split();
  [[noreturn]] static void end_copy(int status);
  /// Waits without reaping: until then the number cannot be another's.
  siginfo_t wait_for_end(std::chrono::milliseconds patience) const;

  pid_t pid_ = -1;
};

/// Where `program` is in $PATH; "" if it is not.
std::string find_program(const std::string& program);

/// The whole of a small file; "" if it cannot be read.
std::string read_file(const std::string& path);

/// False if it cannot be written.
bool write_file(const std::string& path, const std::string& text);

}  // namespace faultline::bench
