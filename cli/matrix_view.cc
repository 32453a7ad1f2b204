#include "cli/matrix_view.h"

#include <algorithm>
#include <set>

#include "cli/amounts.h"

namespace faultline {

namespace {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kDoubtful };

/// A part of a line, of one style.
struct Span {
  std::string text;
  Style style = Style::kPlain;
};
using Line = std::vector<Span>;

/// How much of a cell there is room for.
enum class Detail { kState, kOpen, kAll };

std::string styled(const Span& span, const Console& console) {
  switch (span.style) {
    case Style::kPlain:
      return span.text;
    case Style::kBold:
      return console.bold(span.text);
    case Style::kDim:
      return console.dim(span.text);
    case Style::kGood:
      return console.green(span.text);
    case Style::kBad:
      return console.red(span.text);
    case Style::kDoubtful:
      return console.yellow(span.text);
  }
  return span.text;
}

/// What ends in blanks, and is in one style, has none there.
std::string drawn(Line line, std::size_t width, const Console& console) {
  while (!line.empty()) {
    std::string& last = line.back().text;
    last.erase(last.find_last_not_of(' ') + 1);
    if (!last.empty()) break;
    line.pop_back();
  }
  std::string text;
  std::size_t room = width == 0 ? std::string::npos : width;
  for (Span& span : line) {
    span.text = cut_to(span.text, room);
    if (room != std::string::npos) room -= width_of(span.text);
    if (!span.text.empty()) text += styled(span, console);
  }
  return text;
}

Style style_of(const MatrixCell& cell) {
  if (cell.state == "cut") return Style::kBad;
  if (cell.state != "ok") return Style::kDoubtful;
  return cell.has_flowed ? Style::kGood : Style::kDim;
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

/// Where nothing is amiss and nothing has flowed, there are no numbers to tell.
bool has_numbers(const MatrixCell& cell) {
  return cell.has_flowed || cell.state != "ok";
}

/// How wide the parts of a column are.
struct Widths {
  std::size_t state = 0;
  std::size_t open = 0;
  std::size_t bytes = 0;
  std::size_t all = 0;
};

Widths widths_of(const MatrixModel& model, std::size_t column, Detail detail) {
  Widths widths;
  for (const auto& row : model.cells) {
    const MatrixCell& cell = row[column];
    widths.state = std::max(widths.state, cell.state.size());
    if (!has_numbers(cell)) continue;
    widths.open = std::max(widths.open, grouped(cell.open).size());
    widths.bytes = std::max(widths.bytes, short_bytes(cell.bytes).size());
  }
  widths.all = widths.state;
  if (detail != Detail::kState && widths.open > 0) widths.all += 2 + widths.open;
  if (detail == Detail::kAll && widths.open > 0) widths.all += 2 + widths.bytes;
  widths.all = std::max(widths.all, model.zones[column].size());
  return widths;
}

std::string cell_text(const MatrixCell& cell, const Widths& widths, Detail detail) {
  std::string text = cell.state;
  if (has_numbers(cell) && detail != Detail::kState) {
    text = padded(text, widths.state) + "  " + right(grouped(cell.open), widths.open);
    if (detail == Detail::kAll) text += "  " + right(short_bytes(cell.bytes), widths.bytes);
  }
  return padded(text, widths.all);
}

std::vector<Line> grid(const MatrixModel& model, Detail detail) {
  std::size_t first = std::string_view("from \\ to").size();
  for (const std::string& zone : model.zones) first = std::max(first, zone.size());
  std::vector<Widths> widths;
  for (std::size_t i = 0; i < model.zones.size(); ++i)
    widths.push_back(widths_of(model, i, detail));
  std::vector<Line> lines = {{{padded("from \\ to", first), Style::kBold}}};
  for (std::size_t i = 0; i < model.zones.size(); ++i) {
    lines[0].push_back({"  " + padded(model.zones[i], widths[i].all), Style::kBold});
  }
  for (std::size_t i = 0; i < model.zones.size(); ++i) {
    Line line = {{padded(model.zones[i], first), Style::kBold}};
    for (std::size_t j = 0; j < model.zones.size(); ++j) {
      const MatrixCell& cell = model.cells[i][j];
      line.push_back({"  "});
      line.push_back({cell_text(cell, widths[j], detail), style_of(cell)});
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::size_t width_of_line(const Line& line) {
  std::size_t width = 0;
  for (const Span& span : line) width += width_of(span.text);
  return width;
}

std::vector<Line> legend(const MatrixModel& model, Detail detail) {
  std::set<std::string> states;
  for (const auto& row : model.cells) {
    for (const MatrixCell& cell : row) states.insert(cell.state);
  }
  std::string cell = "a cell, from row to column: its state";
  if (detail != Detail::kState) cell += ", open connections dialled that way";
  if (detail == Detail::kAll) cell += ", bytes sent that way";
  std::vector<Line> lines = {{{cell, Style::kDim}}};
  if (states.count("partial") > 0) {
    lines.push_back({{"partial: cut for some, or by turns", Style::kDim}});
  }
  if (states.count("suffers") > 0) lines.push_back({{"suffers: slow or lossy", Style::kDim}});
  return lines;
}

void add_partitions(const MatrixModel& model, std::vector<Line>& lines) {
  std::size_t name = 0;
  std::size_t left = 0;
  std::size_t counts = 0;
  for (const MatrixPartition& partition : model.partitions) {
    name = std::max(name, partition.name.size());
    left = std::max(left, partition.left_in_words().size());
    counts = std::max(counts, partition.counts_in_words().size());
  }
  for (const MatrixPartition& partition : model.partitions) {
    lines.push_back({{padded(partition.name, name), Style::kBold},
                     {"  " + padded(partition.left_in_words(), left) + "  "},
                     {padded(partition.counts_in_words(), counts),
                      partition.crossed.value_or(0) > 0 ? Style::kBad : Style::kPlain},
                     {"  " + partition.state}});
  }
}

}  // namespace

std::vector<std::string> matrix_lines(const MatrixModel& model, std::size_t width,
                                      const Console& console) {
  if (model.zones.empty()) {
    return {drawn({{"there are no zones: `zones` in a configuration or PUT /v1/zones names them"}},
                  width, console)};
  }
  Detail detail = Detail::kAll;
  std::vector<Line> lines = grid(model, detail);
  const auto is_too_wide = [&] { return width > 0 && width_of_line(lines.front()) > width; };
  if (is_too_wide()) lines = grid(model, detail = Detail::kOpen);
  if (is_too_wide()) lines = grid(model, detail = Detail::kState);
  for (Line& line : legend(model, detail)) lines.push_back(std::move(line));
  if (!model.partitions.empty()) lines.push_back({});
  add_partitions(model, lines);
  std::vector<std::string> texts;
  for (Line& line : lines) texts.push_back(drawn(std::move(line), width, console));
  return texts;
}

std::vector<std::string> matrix_changes(const MatrixModel& before, const MatrixModel& after) {
  std::vector<std::string> lines;
  const bool is_same_map = before.zones == after.zones;
  for (std::size_t i = 0; i < after.zones.size(); ++i) {
    for (std::size_t j = 0; j < after.zones.size(); ++j) {
      const MatrixCell& cell = after.cells[i][j];
      if (is_same_map ? cell == before.cells[i][j] : !has_numbers(cell)) continue;
      lines.push_back(after.zones[i] + " > " + after.zones[j] + "  " + cell.state + "  " +
                      grouped(cell.open) + " open  " + short_bytes(cell.bytes) + " sent");
    }
  }
  for (const MatrixPartition& partition : after.partitions) {
    const auto same = std::find_if(before.partitions.begin(), before.partitions.end(),
                                   [&](const MatrixPartition& other) {
                                     return other.name == partition.name &&
                                            other.counts_in_words() == partition.counts_in_words();
                                   });
    if (same == before.partitions.end()) {
      lines.push_back(partition.name + "  " + partition.counts_in_words() + "  " + partition.state);
    }
  }
  for (const MatrixPartition& partition : before.partitions) {
    if (!after.has_partition(partition.name)) lines.push_back(partition.name + "  has ended");
  }
  return lines;
}

}  // namespace faultline
