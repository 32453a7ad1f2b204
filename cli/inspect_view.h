#pragma once

#include "cli/console.h"
#include "cli/remote.h"

namespace faultline {

/// A proxy and its toxics for a person; for a script a line for each toxic, as
/// Toxiproxy's CLI prints it, with `engine` and `conditions` behind where there are any.
void print_proxy(const Console& console, const RemoteProxy& proxy);

}  // namespace faultline
