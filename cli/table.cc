#include "cli/table.h"

#include <algorithm>

namespace faultline {

namespace {

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += (i == 0 ? "" : "  ") + (i + 1 == cells.size() ? cells[i] : padded(cells[i], widths[i]));
  }
  return line;
}

}  // namespace

void print_table(const Console& console, const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows) {
  if (!console.is_terminal) {
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) console.out << (i == 0 ? "" : "\t") << row[i];
      console.out << '\n';
    }
    return;
  }
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings) widths.push_back(heading.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  console.out << console.bold(line_of(headings, widths)) << '\n';
  for (const auto& row : rows) console.out << line_of(row, widths) << '\n';
}

}  // namespace faultline
