#pragma once

#include <string>
#include <utility>

#include "cli/command_tree.h"
#include "cli/matrix_model.h"
#include "cli/v1_remote.h"

namespace faultline {

/// The matrix again and again: on a terminal drawn over what is there, until q or Ctrl-C; for a
/// script a line for each change, or with --output json the server's answer as one line each time.
class MatrixWatch {
 public:
  struct End {
    int status = 0;          ///< What the command ends with,
    bool has_ended = false;  ///< unless the partition has ended that it was to wait for.
  };

  /// Until the partition `until` has ended; "" is for ever. What it is given outlives it.
  /// REQUIRES: invocation.watch.
  MatrixWatch(const Invocation& invocation, const V1Remote& remote, std::string until = "")
      : invocation_(invocation), remote_(remote), until_(std::move(until)) {}

  End run();

 private:
  End run_on_terminal();
  End run_for_script();
  bool is_over(const MatrixModel& model) const;

  const Invocation& invocation_;
  const V1Remote& remote_;
  const std::string until_;
};

}  // namespace faultline
