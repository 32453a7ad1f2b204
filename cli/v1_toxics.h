#pragma once

#include <string>

#include "cli/command_tree.h"
#include "cli/toxic_arguments.h"

namespace faultline {

/// `toxic add`, `update` and `remove` where they say what only /v1 takes: each does what
/// `arguments` say, tells it in a sentence, and returns the exit code. With --dry-run it only
/// tells what would be.
int add_toxic_over_v1(const Invocation& invocation, const ToxicArguments& arguments);
int update_toxic_over_v1(const Invocation& invocation, const ToxicArguments& arguments);
int try_to_remove_toxic(const Invocation& invocation, const ToxicArguments& arguments);

}  // namespace faultline
