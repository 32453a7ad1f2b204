#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "bench/metric.h"
#include "bench/truth/report.h"

namespace faultline::bench::truth {

namespace {

using Cells = std::vector<std::string>;

std::string row(const Cells& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

std::string head(const Cells& headings) {
  std::string text = row(headings) + "|:--|";
  for (std::size_t i = 1; i < headings.size(); ++i) text += "--:|";
  return text + "\n";
}

std::string two_places(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", std::round(share * 1e5) / 1e3);
  return text;
}

/// "122 / 124 / 128"
std::string quantiles(const Distribution& values, const std::vector<double>& shares) {
  if (values.is_empty()) return "";
  std::string text;
  for (const double share : shares) {
    text += (text.empty() ? "" : " / ") + format_number(values.quantile(share));
  }
  return text;
}

std::string distances(const Distribution& truth, const Distribution& ours) {
  if (truth.is_empty() || ours.is_empty()) return "";
  return two_places(distance(truth, ours)) + " / " + two_places(distance(truth, ours, kSlack));
}

/// One column of a table for each side that was measured, and one for how they differ.
struct Column {
  std::string heading;
  std::string (*text)(const Cell& cell, const Figures& figures);
};

std::string side_table(const Report& report, const std::vector<Column>& columns,
                       Distribution Figures::*compared) {
  Cells headings = {"link"};
  for (const Column& column : columns) {
    if (!report.truth.empty()) headings.push_back(column.heading + ": truth");
    if (!report.ours.empty()) headings.push_back("Faultline");
  }
  const bool is_both = !report.truth.empty() && !report.ours.empty();
  if (is_both) headings.emplace_back("distance, beyond slack");
  std::string text = head(headings);
  for (std::size_t i = 0; i < report.task.cells.size(); ++i) {
    const Cell& cell = report.task.cells[i];
    Cells cells = {cell.label()};
    for (const Column& column : columns) {
      if (!report.truth.empty()) cells.push_back(column.text(cell, report.truth[i]));
      if (!report.ours.empty()) cells.push_back(column.text(cell, report.ours[i]));
    }
    if (is_both) {
      cells.push_back(distances(report.truth[i].*compared, report.ours[i].*compared));
    }
    text += row(cells);
  }
  return text;
}

std::string goodput_text(const Cell&, const Figures& figures) {
  return figures.bulk.is_empty() ? "" : format_number(figures.bulk.mean());
}

std::string variation_text(const Cell&, const Figures& figures) {
  return figures.bulk.is_empty() ? "" : two_places(figures.bulk.variation());
}

template <Distribution Figures::*kValues>
std::string fetch_text(const Cell&, const Figures& figures) {
  return quantiles(figures.*kValues, {0.5, 0.9, 0.99});
}

std::string echo_text(const Cell&, const Figures& figures) {
  return quantiles(figures.echo, {0.5, 0.9, 0.99, 0.999});
}

std::string late_text(const Cell& cell, const Figures& figures) {
  return percent(figures.echo.share_above(late_limit_ms(cell)));
}

/// What is beyond the RTT of those that are late.
std::string extra_text(const Cell& cell, const Figures& figures) {
  std::vector<double> extra;
  for (const double value : figures.echo.values()) {
    if (value > late_limit_ms(cell)) extra.push_back(value - cell.rtt_ms);
  }
  return quantiles(Distribution(extra), {0, 0.5, 0.9, 0.99});
}

std::string connect_echo_text(const Cell&, const Figures& figures) {
  if (figures.connect_echo.is_empty() || figures.echo.is_empty()) return "";
  std::vector<double> connects = figures.connect_echo.values();
  for (double& value : connects) value -= figures.echo.quantile(0.5);
  return quantiles(Distribution(connects), {0.5, 0.99});
}

/// Shares that took less than a second (and half of one), two, and more.
std::string seconds_text(const Distribution& values) {
  const double at_once = values.share_up_to(900);
  const double a_second = values.share_up_to(1900);
  return percent(at_once) + " / " + percent(a_second - at_once) + " / " + percent(1 - a_second);
}

std::string handshake_text(const Cell&, const Figures& figures) {
  return seconds_text(figures.connect_echo);
}

std::string criterion_text(const Criterion& criterion, bool is_judged) {
  const Judgement& judgement = criterion.judgement;
  std::string text = two_places(judgement.ratio());
  if (judgement.cliff) {
    text = "~" + text + " (" + percent(judgement.cliff->truth_above) + ", " +
           percent(judgement.cliff->ours_above) + ")";
  }
  return judgement.passes || !is_judged ? text : "**" + text + "**";
}

std::string verdict_table(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < report.task.cells.size(); ++i) {
    const auto criteria = judge(report, i);
    Cells cells = {report.task.cells[i].label()};
    if (!criteria) {
      cells.emplace_back("not measured on both sides");
    } else {
      bool passes = true;
      Cells headings = {"Faultline / truth"};
      for (const Criterion& criterion : *criteria) {
        headings.push_back(criterion.heading);
        cells.push_back(criterion_text(criterion, report.is_judged));
        passes = passes && criterion.judgement.passes;
      }
      headings.emplace_back("");
      cells.emplace_back(!report.is_judged ? "not judged" : passes ? "pass" : "**fail**");
      if (text.empty()) text = head(headings);
    }
    text += row(cells);
  }
  return text;
}

constexpr const char* kHowToRead = R"(
A figure in bold misses its criterion: goodput within 25 %, median and p90 of fetches of 100 KB
(connect included) within 20 %, p99 of echoes within 30 %. A ratio with `~` is one on a cliff: the
distribution has a step there, and the truth's own sample leaves open on which side of it the
quantile lies. Ours then has to lie within the tolerance of either side, and the shares of values
above the step, in brackets (truth, Faultline), have to agree within the tolerance too, or within
what two samples of these sizes differ by.
)";

constexpr const char* kDistances = R"(
Distances are those of Kolmogorov and Smirnov, 0 (alike) to 1: the greatest difference between the
shares of values up to any x. The second is what is left if every value may move by 5 %, and at
least 1 ms: without that slack two steps of 40.1 and 40.3 ms have a distance of 1.
)";

std::string introduction(const Report& report) {
  const Task& task = report.task;
  const LoadPlan& plan = task.loads.plan;
  std::string text = "# Faultline " + report.version + " beside a link that loses packets\n\n";
  text += "Measured on " + report.machine.text() + ". Truth: the kernel's TCP (`" +
          task.loads.congestion +
          "`, else as the system has it) at both ends of an emulated link.\nLoss is " +
          (task.kind.burst_length > 1
               ? "in bursts of " + format_number(task.kind.burst_length) + " packets"
               : std::string("independent")) +
          ", " + text_of(task.kind.loss_on) + "; seed " + std::to_string(task.loads.seed) + ". ";
  text += "For each link about " + std::to_string(plan.echoes) + " echoes, " +
          std::to_string(plan.fetches) + " fetches of each size and " +
          std::to_string(plan.connects) + " connects, and " +
          format_number(std::chrono::duration<double>(plan.bulk).count()) +
          " s of 1 to 4 bulk flows.\n";
  return text;
}

std::string list(const std::string& heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = "\n## " + heading + "\n\n";
  for (const std::string& line : lines) text += "- " + line + "\n";
  return text;
}

}  // namespace

std::string to_markdown(const Report& report) {
  const bool is_both = !report.truth.empty() && !report.ours.empty();
  std::string text = introduction(report);
  if (is_both) text += "\n## Verdict\n\n" + verdict_table(report) + kHowToRead + kDistances;
  text +=
      "\n## Goodput of a bulk flow, Mbit/s, and the variation of its seconds\n\n" +
      side_table(report, {{"mean", goodput_text}, {"variation", variation_text}}, &Figures::bulk) +
      "\nWithout loss the flow has a line of " + format_number(bulk_rate({.loss = 0}) * 8e-6) +
      " Mbit/s to fill.\n";
  text += "\n## 100 KB on a fresh connection, ms\n\n" +
          side_table(report, {{"p50 / p90 / p99", fetch_text<&Figures::large_fetch>}},
                     &Figures::large_fetch);
  text += "\n## 10 KB on a fresh connection, ms\n\n" +
          side_table(report, {{"p50 / p90 / p99", fetch_text<&Figures::small_fetch>}},
                     &Figures::small_fetch);
  text += "\n## Echo of 64 bytes on an idle connection, ms; late is more than RTT + 100 ms\n\n" +
          side_table(report,
                     {{"p50 / p90 / p99 / p99.9", echo_text},
                      {"late", late_text},
                      {"beyond the RTT of the late, least / p50 / p90 / p99", extra_text}},
                     &Figures::echo);
  text += "\n## Connect and first echo: less a median echo, ms; in time / +1 s / more\n\n" +
          side_table(report, {{"p50 / p99", connect_echo_text}, {"shares", handshake_text}},
                     &Figures::connect_echo);
  if (!report.truth.empty()) {
    Report truth = report;
    truth.ours.clear();
    text +=
        "\n## The truth alone: what a proxy cannot show, ms\n\n" +
        side_table(
            truth,
            {{"100 KB after connect p50 / p90 / p99",
              fetch_text<&Figures::large_fetch_after_connect>},
             {"10 KB after connect p50 / p90 / p99",
              fetch_text<&Figures::small_fetch_after_connect>},
             {"connect in time / +1 s / more",
              [](const Cell&, const Figures& figures) { return seconds_text(figures.connect); }}},
            &Figures::connect);
  }
  return text + list("How exact it was", report.notes) + list("Problems", report.problems);
}

}  // namespace faultline::bench::truth
