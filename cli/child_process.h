#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/inherited.h"

namespace faultline {

/// Starts `command`, its first word looked for in the child's own PATH, with
/// `changes` of the environment and all else as it was inherited: terminal,
/// directory, process group. It is killed when the calling thread ends, which
/// it does even at kill -9. Returns once the program runs.
/// Errors: kNotFound, no such program; kInvalid, it cannot be run; kNetwork,
/// the kernel makes no more processes. REQUIRES: a word.
Result<pid_t> start_child(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& changes,
                          const Inherited& inherited);

/// What a shell makes of waitpid()'s status: the exit status, or 128 + the signal.
int exit_code_of(int wait_status);

}  // namespace faultline
