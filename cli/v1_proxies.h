#pragma once

#include <string>

#include "cli/command_tree.h"

namespace faultline {

/// `create`, `delete`, `enable` and `disable` with --dry-run: each says what would be, changes
/// nothing, and returns the exit code.
int try_to_create_proxy(const Invocation& invocation, const std::string& name,
                        const std::string& listen, const std::string& upstream);
int try_to_delete_proxy(const Invocation& invocation, const std::string& name);
int try_to_enable_proxy(const Invocation& invocation, const std::string& name, bool enabled);
int try_to_toggle_proxy(const Invocation& invocation, const std::string& name);

}  // namespace faultline
