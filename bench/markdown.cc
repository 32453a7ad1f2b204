#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "bench/report.h"

namespace faultline::bench {

namespace {

/// The metrics that any contender has, in their order.
std::vector<Metric> metrics_of(const WorkloadResult& result) {
  std::set<Metric> metrics;
  for (const ContenderResult& contender : result.contenders) {
    for (const auto& [metric, spread] : contender.summary) metrics.insert(metric);
  }
  return {metrics.begin(), metrics.end()};
}

std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

/// Headings, and the line below them: the first column to the left, figures to the right.
std::string head(const std::vector<std::string>& headings) {
  std::string text = row(headings) + "|:--|";
  for (std::size_t i = 1; i < headings.size(); ++i) text += "--:|";
  return text + "\n";
}

std::string spread_cell(const Summary& summary, Metric metric) {
  const auto found = summary.find(metric);
  if (found == summary.end()) return "";
  const Spread& spread = found->second;
  if (spread.least == spread.most) return format_number(spread.median);
  return format_number(spread.median) + " (" + format_number(spread.least) + "-" +
         format_number(spread.most) + ")";
}

/// The median over the rounds; "" where one has not measured that.
std::string ratio_cell(const ContenderResult& above, const ContenderResult& below, Metric metric) {
  const std::vector<double> ratios = ratios_by_round(above, below, metric);
  if (ratios.empty()) return "";
  char text[32];
  std::snprintf(text, sizeof text, "**%.2f**", spread_of(ratios).median);
  return text;
}

std::string comparison_table(const WorkloadResult& result) {
  const std::vector<Metric> metrics = metrics_of(result);
  if (metrics.empty()) return "Nothing was measured.\n";
  std::vector<std::string> headings = {""};
  for (const Metric metric : metrics) headings.emplace_back(text_of(metric).heading);
  std::string text = head(headings);
  for (const ContenderResult& contender : result.contenders) {
    if (contender.summary.empty()) continue;
    std::vector<std::string> cells = {contender.contender};
    for (const Metric metric : metrics) cells.push_back(spread_cell(contender.summary, metric));
    text += row(cells);
  }
  const ContenderResult* ours = find_contender(result, kOurs);
  if (ours == nullptr) return text;
  for (const ContenderResult& contender : result.contenders) {
    if (&contender == ours || contender.summary.empty()) continue;
    std::vector<std::string> cells = {"**" + std::string(kOurs) + " / " + contender.contender +
                                      "**"};
    for (const Metric metric : metrics) {
      cells.push_back(ratio_cell(*ours, contender, metric));
    }
    text += row(cells);
  }
  return text;
}

std::string fault_table(const FaultTable& table) {
  std::vector<std::string> headings = {table.row_heading};
  for (const FaultTable::Column& column : table.columns) headings.push_back(column.heading);
  std::string text = head(headings);
  for (const FaultTable::Row& values : table.rows) {
    std::vector<std::string> cells = {values.label};
    for (const double value : values.values) {
      cells.push_back(std::isnan(value) ? "" : format_number(value));
    }
    text += row(cells);
  }
  return text;
}

std::string list(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "- " + line + "\n";
  return text;
}

}  // namespace

std::string count_text(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

const ContenderResult* find_contender(const WorkloadResult& result, const std::string& name) {
  const auto found =
      std::find_if(result.contenders.begin(), result.contenders.end(),
                   [&](const ContenderResult& contender) { return contender.contender == name; });
  return found == result.contenders.end() ? nullptr : &*found;
}

std::string to_markdown(const Report& report) {
  const bool is_comparison = !report.comparisons.empty();
  std::string text = "# Faultline " + report.version +
                     (is_comparison ? ", side by side" : ", under load") + "\n\n";
  text += "Measured on " + report.machine.text() + ", over loopback, " +
          count_text(report.workers, "worker") + (is_comparison ? " each" : "");
  if (is_comparison) {
    text += ", in rounds of " +
            format_number(std::chrono::duration<double>(report.window.length).count()) +
            " s. Medians (least-most). CPU and memory are those of the proxy alone.\n"
            "A ratio is the median of the ratios of all rounds, in each of which the contenders "
            "had their turn right after one another.\n"
            "Compare the ratios; the figures themselves are those of this machine";
  }
  text += ".\n";
  for (const std::string& warning : report.warnings) text += "\n**Warning:** " + warning + ".\n";
  for (const WorkloadResult& result : report.comparisons) {
    text += "\n## " + result.workload.title + " (`" + result.workload.name + "`, " +
            count_text(result.workload.rounds, "round") + ")\n\n";
    text += comparison_table(result);
  }
  for (const FaultTable& table : report.faults) {
    text += "\n## " + table.title + " (`" + table.name + "`)\n\n" + table.note + "\n\n";
    text += fault_table(table);
  }
  if (!report.notes.empty()) text += "\n## Left out\n\n" + list(report.notes);
  if (!report.problems.empty()) text += "\n## Problems\n\n" + list(report.problems);
  return text;
}

}  // namespace faultline::bench
