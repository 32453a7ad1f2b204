#pragma once

#include <chrono>
#include <string>

#include "cli/command_tree.h"

namespace faultline {

/// A line that says what is waited for, as long as this lives: for people, on a terminal.
class WaitingLine {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{100};  ///< Whether it has come.
  static constexpr std::chrono::milliseconds kPatience{10'000};

  WaitingLine(const Invocation& invocation, const std::string& text)
      : out_(invocation.console.out),
        is_shown_(invocation.console.is_terminal && !wants_json(invocation)) {
    if (is_shown_) out_ << invocation.console.dim(text) << std::flush;
  }
  ~WaitingLine() {
    if (is_shown_) out_ << "\r\x1b[K" << std::flush;
  }
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;

 private:
  std::ostream& out_;
  const bool is_shown_;
};

}  // namespace faultline
