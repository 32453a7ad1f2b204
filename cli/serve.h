#pragma once

#include "cli/serve_options.h"

namespace faultline {

/// Serves until SIGTERM or SIGINT and returns the exit code: 0, or 2 with one
/// line on stderr if the server could not be started. SIGHUP reloads the file,
/// SIGUSR1 removes every toxic; a second SIGTERM or SIGINT ends the process at once.
int serve(const ServeOptions& options);

/// What every process that serves does first, before libuv's threads exist:
/// broken pipes and full files are errors of write(), as many files as the kernel allows, and
/// enough threads for lookups that one slow name server does not hold up all.
void prepare_process();

}  // namespace faultline
