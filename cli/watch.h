#pragma once

#include <functional>

#include "cli/command_tree.h"

namespace faultline {

/// --watch[=INTERVAL], which sets `invocation.watch`.
void add_watch_option(CLI::App& command, Invocation& invocation);

/// A command that shows something: what it is given is where and how to show it.
using Showing = std::function<int(const Invocation&)>;

/// Shows it once; with --watch again and again, with `pause` between, until it fails: so a server
/// that has gone away ends it, with the message and the exit code that the command alone would
/// have. On a terminal each goes over the one before, else an empty line stands between.
int show(const Invocation& invocation, const Showing& once, const std::function<void()>& pause);

/// The same, with pauses as long as --watch says.
int show(const Invocation& invocation, const Showing& once);

}  // namespace faultline
