#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline::bench {

/// Has `app` take the arguments of a program, without its name. `help` gets what
/// is to be printed instead of all else if that was asked for. Errors: kInvalid,
/// one line for people.
Result<void> take_arguments(CLI::App& app, std::vector<std::string> arguments, std::string& help);

}  // namespace faultline::bench
