#pragma once

#include <chrono>

#include "cli/assertion.h"
#include "cli/command_tree.h"
#include "cli/v1_remote.h"

namespace faultline {

/// Waits until `claim`, which was written as `text`, holds, for `within` at the most; says what is
/// not so. A toxic or partition that is not there yet may still come; a partition that has ended
/// is judged by what it came to. Returns the exit code: 0, 1, or 5 if a partition has matched
/// nothing.
int wait_for(const Invocation& invocation, const V1Remote& remote, const Assertion& claim,
             const std::string& text, std::chrono::nanoseconds within);

}  // namespace faultline
