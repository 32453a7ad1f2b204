#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/matrix_model.h"

namespace faultline {

/// The grid, a row for each zone that sends and a column for each that is sent to, a legend, and
/// a line for each partition. No line is wider than `width` characters: the numbers go before
/// the states do. 0 is as wide as it needs. Of `console` only its colours count.
std::vector<std::string> matrix_lines(const MatrixModel& model, std::size_t width,
                                      const Console& console);

/// What is another in `after` than in `before`, a line each: "a > b  cut  2 open  1.2 kB sent".
std::vector<std::string> matrix_changes(const MatrixModel& before, const MatrixModel& after);

}  // namespace faultline
