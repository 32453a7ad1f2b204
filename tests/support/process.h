#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/socket.h"
#include "tests/support/temp_dir.h"

namespace faultline::test {

/// A program that is running, with its output in files. Killed if it still runs at the end.
class Process {
 public:
  /// What the kernel lets it do.
  enum class Rights {
    kOurs,
    kNoCapabilities,   ///< As an ordinary user, but for the files that it may read.
    kNoPacketFilters,  ///< As in a sandbox: setsockopt() and bpf() answer EPERM.
  };

  struct Options {
    std::vector<std::string> arguments{};
    std::map<std::string, std::string> environment{};  ///< Beyond our own.
    std::string name{};                                ///< argv[0]; "" is the path.
    int most_files = 0;                                ///< RLIMIT_NOFILE; 0 is ours.
    Rights rights = Rights::kOurs;
  };

  Process(const std::string& path, const Options& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool is_running();
  void signal(int number) const;

  /// The exit status: 0-255, or 256 + the signal that killed it; -1 if it still runs after
  /// `patience`.
  int wait(milliseconds patience = kPatience);

  std::string standard_output() const { return read_file(dir_.file("stdout")); }
  std::string standard_error() const { return read_file(dir_.file("stderr")); }

 private:
  TempDir dir_;
  pid_t pid_ = -1;
  int status_ = -1;
  bool ended_ = false;
};

/// What a program that ends by itself said.
struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};
Outcome run(const std::string& path, const Process::Options& options);

/// True if a sanitizer has complained in `text`.
bool has_sanitizer_report(const std::string& text);

}  // namespace faultline::test
