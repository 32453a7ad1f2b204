#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/serve_options.h"
#include "cli/toxic_option.h"

namespace faultline {

/// A program to run, and the server it is to have for itself.
struct ExecOptions {
  ServeOptions server;
  std::vector<ToxicOption> toxics;                 ///< Added once all proxies are there.
  std::map<std::string, std::string> environment;  ///< Texts for filled_in().
  std::vector<std::string> command;                ///< Not empty.
};

/// Starts a server in this process, runs the program beside it with its
/// addresses in the environment, and ends when that ends. Returns the program's
/// exit code (128 + N if signal N killed it), or, with one line on stderr: 127,
/// there is no such program; 126, it cannot be run; 2, the options or the file
/// are wrong; 3, an address cannot be bound.
///
/// The program stays in this process group: a terminal's signals reach it
/// without our doing, and a shell's job control sees one job. Those that a
/// process has sent to us are passed on.
int run_exec(const ExecOptions& options, const Console& console);

}  // namespace faultline
