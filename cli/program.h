#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace faultline {

/// The whole program. What it is depends on the name it is called by:
/// `toxiproxy-server` (and `toxiproxy`, as in that project's container image)
/// is Toxiproxy's server with its flags, all else is the `faultline` command.
/// Returns the exit code.
int run_program(int argc, char** argv);

/// The `faultline` command with `arguments`, without the program's name.
int run_command(const std::vector<std::string>& arguments, Console& console);

}  // namespace faultline
