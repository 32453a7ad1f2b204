#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace faultline {

/// Rows of printable text under headings. On a terminal the columns are aligned; a script gets
/// tabs between them and no headings, as from `faultline list`.
void print_table(const Console& console, const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows);

}  // namespace faultline
