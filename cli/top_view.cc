#include "cli/top_view.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace faultline {

namespace {

constexpr const char* kKeys =
    "up/down: select   c: cut   h: heal (enable, no toxics)   H: heal all   q: quit";

/// A column of the table of proxies.
struct Column {
  std::string title;
  bool is_number;
  std::string (*text)(const TopProxy& proxy);
};

std::string one_decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 10 ? "%.1f" : "%.0f", number);
  return text.data();
}

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = {
      {"PROXY", false, [](const TopProxy& proxy) { return printable(proxy.name); }},
      {"LISTEN", false, [](const TopProxy& proxy) { return proxy.listen; }},
      {"UPSTREAM", false, [](const TopProxy& proxy) { return proxy.upstream; }},
      {"STATE", false,
       [](const TopProxy& proxy) {
         if (!proxy.enabled) return std::string("cut");
         const std::size_t count = proxy.toxics.size();
         if (count == 0) return std::string("ok");
         return std::to_string(count) + (count == 1 ? " toxic" : " toxics");
       }},
      {"OPEN", true, [](const TopProxy& proxy) { return std::to_string(proxy.open); }},
      {"NEW/S", true,
       [](const TopProxy& proxy) {
         return proxy.rates ? one_decimal(proxy.rates->connections) : std::string("-");
       }},
      {"UP", true,
       [](const TopProxy& proxy) {
         return proxy.rates ? byte_rate_text(proxy.rates->up) : std::string("-");
       }},
      {"DOWN", true,
       [](const TopProxy& proxy) {
         return proxy.rates ? byte_rate_text(proxy.rates->down) : std::string("-");
       }},
  };
  return kColumns;
}

std::string aligned(const std::string& text, std::size_t width, bool is_number) {
  if (!is_number) return padded(text, width);
  const std::size_t own = width_of(text);
  return std::string(own < width ? width - own : 0, ' ') + text;
}

/// Lines of one width, until there is no room for more.
class Page {
 public:
  Page(std::size_t width, std::size_t most) : width_(width), most_(most) {}

  template <class Style>
  void add(const std::string& text, Style style) {
    if (lines_.size() < most_) lines_.push_back(style(cut_to(text, width_)));
  }
  void add(const std::string& text) {
    add(text, [](const std::string& line) { return line; });
  }
  std::size_t room() const { return most_ - lines_.size(); }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const std::size_t width_;
  const std::size_t most_;
  std::vector<std::string> lines_;
};

/// At most `rows` proxies, the selected one among them.
void add_proxies(const TopModel& model, std::size_t rows, const Console& console, Page& page) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns()) {
    std::size_t width = column.title.size();
    for (const TopProxy& proxy : model.proxies) {
      width = std::max(width, width_of(column.text(proxy)));
    }
    widths.push_back(width);
  }
  const auto line = [&](const std::string& mark, const auto& cell) {
    std::string text = mark;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += (i == 0 ? "" : "  ") + aligned(cell(columns()[i]), widths[i], columns()[i].is_number);
    }
    return text;
  };
  page.add(line("  ", [](const Column& column) { return column.title; }),
           [&](const std::string& text) { return console.bold(text); });
  const std::size_t first = model.selected < rows ? 0 : model.selected - rows + 1;
  const std::size_t last = std::min(first + rows, model.proxies.size());
  for (std::size_t i = first; i < last; ++i) {
    const TopProxy& proxy = model.proxies[i];
    page.add(line(i == model.selected ? "> " : "  ",
                  [&](const Column& column) { return column.text(proxy); }),
             [&](const std::string& text) {
               if (!proxy.enabled) return console.red(text);
               return proxy.toxics.empty() ? console.green(text) : console.yellow(text);
             });
  }
}

void add_partitions(const TopModel& model, const Console& console, Page& page) {
  if (model.partitions.empty()) return;
  page.add("");
  page.add("Partitions", [&](const std::string& text) { return console.bold(text); });
  for (const MatrixPartition& partition : model.partitions) {
    page.add("  " + partition.name + "  " + partition.left_in_words() + "  " +
                 partition.counts_in_words() + "  " + partition.state,
             [&](const std::string& text) { return console.red(text); });
  }
}

void add_toxics(const TopProxy& proxy, const Console& console, Page& page) {
  page.add("");
  page.add("Toxics of " + printable(proxy.name) + (proxy.toxics.empty() ? ": none" : ""),
           [&](const std::string& text) { return console.bold(text); });
  for (const TopToxic& toxic : proxy.toxics) {
    page.add("  " + toxic.name + "  applied " + std::to_string(toxic.applied) + " of " +
                 std::to_string(toxic.matched) + "  " + toxic.what,
             [&](const std::string& text) { return console.yellow(text); });
  }
}

void add_connections(const TopModel& model, const TopProxy& proxy, const Console& console,
                     Page& page) {
  page.add("");
  page.add("Connections of " + printable(proxy.name) + ": " + std::to_string(proxy.open) + " open",
           [&](const std::string& text) { return console.bold(text); });
  for (const TopConnection& connection : model.connections) {
    page.add("  " + padded(connection.id, 8) + "  " + padded(connection.client, 21) + "  " +
             padded(connection.age, 8) + "  " + connection.toxics);
  }
}

}  // namespace

std::string byte_rate_text(double bytes_per_second) {
  constexpr std::array<const char*, 4> kUnits = {" B/s", " kB/s", " MB/s", " GB/s"};
  std::size_t unit = 0;
  while (bytes_per_second >= 999.5 && unit + 1 < kUnits.size()) {
    bytes_per_second /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  const char* format = unit > 0 && bytes_per_second < 9.95 ? "%.1f" : "%.0f";
  std::snprintf(text.data(), text.size(), format, bytes_per_second);
  return std::string(text.data()) + kUnits.at(unit);
}

std::vector<std::string> top_lines(const TopModel& model, TerminalSize size,
                                   const Console& console) {
  constexpr std::size_t kFooter = 2;
  if (size.height <= kFooter) return std::vector<std::string>(size.height);
  const std::size_t most = size.height - kFooter;
  Page page(size.width, most);
  page.add("Faultline at " + model.server,
           [&](const std::string& text) { return console.dim(text); });
  constexpr std::size_t kHeadings = 2;
  const std::size_t rows = std::max<std::size_t>(1, most > kHeadings ? (most - kHeadings) / 2 : 1);
  add_proxies(model, rows, console, page);
  add_partitions(model, console, page);
  if (model.selected < model.proxies.size()) {
    const TopProxy& proxy = model.proxies[model.selected];
    add_toxics(proxy, console, page);
    add_connections(model, proxy, console, page);
  } else {
    page.add("  no proxies: `faultline create` makes one");
  }
  while (page.room() > 0) page.add("");
  std::vector<std::string> lines = page.take();
  const std::string said = cut_to(model.said, size.width);
  lines.push_back(model.is_trouble ? console.red(said) : said);
  lines.push_back(console.dim(cut_to(kKeys, size.width)));
  return lines;
}

}  // namespace faultline
