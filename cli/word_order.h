#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace faultline {

/// A command line in the order that CLI11 understands.
struct OrderedWords {
  const CLI::App* command = nullptr;  ///< What was named; the root if nothing was.
  /// The command's name, its options as --name=value, "--" and the positionals.
  std::vector<std::string> words;
  /// Of a command that runs another program: that one's words, untouched.
  std::vector<std::string> rest{};
};

/// Accepts options anywhere: before and between the words of the command, and
/// among its positionals. Which command is meant decides whether an option
/// takes a value (-u does for `create`, not for `toxic add`), so each is tried.
/// An option whose value can be left out has it only behind "=", as --watch=500ms.
/// After a command with CLI11's `prefix_command` its own options end at "--" or
/// at the first word that is none, as `env` has it.
/// Errors (kInvalid) name the command, option or argument that is wrong and
/// the nearest right one.
Result<OrderedWords> order_words(const CLI::App& root, const std::vector<std::string>& arguments);

/// "faultline toxic add", for messages about `command`.
std::string full_name(const CLI::App& command);

}  // namespace faultline
