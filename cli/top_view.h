#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/terminal_size.h"
#include "cli/top_model.h"

namespace faultline {

/// The screen of `top`: the proxies, the toxics and connections of the selected one, what was
/// said, and the keys. As many lines as the terminal is high, none wider than it is; of
/// `console` only its colours count. What does not fit is left out, the selected proxy last.
std::vector<std::string> top_lines(const TopModel& model, TerminalSize size,
                                   const Console& console);

/// "0 B/s", "812 B/s", "1.2 kB/s", "48 kB/s", "3.4 MB/s".
std::string byte_rate_text(double bytes_per_second);

}  // namespace faultline
