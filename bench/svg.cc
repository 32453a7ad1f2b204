#include <algorithm>
#include <cstdio>

#include "bench/report.h"

namespace faultline::bench {

namespace {

// A column of panels for what is got, one for what it costs; all in pixels.
//
//   title of the workload
//   metric, and which way is better
//   name  ████████████|--|  value   ratio
constexpr int kWidth = 1120;
constexpr int kMargin = 32;
constexpr int kHeaderHeight = 92;
constexpr int kFooterHeight = 40;
constexpr int kPanelWidth = (kWidth - 3 * kMargin) / 2;
constexpr int kPanelHeaderHeight = 54;
constexpr int kBarHeight = 18;
constexpr int kBarDistance = 26;
constexpr int kPanelGap = 30;
constexpr int kNameWidth = 96;
constexpr int kValueWidth = 150;
constexpr int kBarRoom = kPanelWidth - kNameWidth - kValueWidth;

constexpr const char* kInk = "#1f2933";
constexpr const char* kFaintInk = "#65727f";
constexpr const char* kOursColour = "#0b7a5b";
constexpr const char* kDirectColour = "#dbe1e7";
constexpr const char* kPeerColour = "#9db2c6";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '<') {
      safe += "&lt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else {
      safe += c;
    }
  }
  return safe;
}

/// Text that starts (or, with "end", ends) at x, on the base line y.
std::string text_at(int x, int y, const std::string& text, int size, const char* colour,
                    const char* anchor = "start", const char* weight = "normal") {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" font-size=\"" +
         std::to_string(size) + "\" fill=\"" + colour + "\" text-anchor=\"" + anchor +
         "\" font-weight=\"" + weight + "\">" + escaped(text) + "</text>\n";
}

std::string rectangle(int x, int y, int width, int height, const char* colour) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(width) + "\" height=\"" + std::to_string(height) + "\" rx=\"2\" fill=\"" +
         colour + "\"/>\n";
}

std::string line(int x1, int y1, int x2, int y2) {
  return "<line x1=\"" + std::to_string(x1) + "\" y1=\"" + std::to_string(y1) + "\" x2=\"" +
         std::to_string(x2) + "\" y2=\"" + std::to_string(y2) + "\" stroke=\"" + kInk +
         "\" stroke-opacity=\"0.55\"/>\n";
}

/// One metric of one workload.
struct Panel {
  const WorkloadResult* result;
  Metric metric;

  const Spread* spread_of(const ContenderResult& contender) const {
    const auto found = contender.summary.find(metric);
    return found == contender.summary.end() ? nullptr : &found->second;
  }

  int bars() const {
    return static_cast<int>(std::count_if(
        result->contenders.begin(), result->contenders.end(),
        [this](const ContenderResult& contender) { return spread_of(contender) != nullptr; }));
  }

  int height() const { return kPanelHeaderHeight + bars() * kBarDistance; }
};

const char* colour_of(const std::string& contender) {
  if (contender == kOurs) return kOursColour;
  return contender == "direct" ? kDirectColour : kPeerColour;
}

std::string bar(const Panel& panel, const ContenderResult& contender, double largest, int x,
                int y) {
  const Spread& spread = *panel.spread_of(contender);
  const auto width = [largest](double value) {
    return static_cast<int>(std::max(0.0, value) / largest * kBarRoom);
  };
  const bool is_ours = contender.contender == kOurs;
  const int base = y + kBarHeight - 5;
  const int bar_x = x + kNameWidth;
  const char* weight = is_ours ? "bold" : "normal";
  std::string text = text_at(bar_x - 8, base, contender.contender, 13, kInk, "end", weight);
  text += rectangle(bar_x, y, std::max(1, width(spread.median)), kBarHeight,
                    colour_of(contender.contender));
  if (spread.most > spread.least) {
    const int middle = y + kBarHeight / 2;
    text += line(bar_x + width(spread.least), middle, bar_x + width(spread.most), middle);
    for (const double end : {spread.least, spread.most}) {
      text += line(bar_x + width(end), middle - 4, bar_x + width(end), middle + 4);
    }
  }
  const int value_x = bar_x + width(spread.most) + 8;
  text += text_at(value_x, base, format_number(spread.median), 13, kInk, "start", weight);
  const ContenderResult* ours = find_contender(*panel.result, kOurs);
  std::vector<double> ratios;
  if (ours != nullptr) ratios = ratios_by_round(*ours, contender, panel.metric);
  if (!is_ours && !ratios.empty()) {
    char ratio[48];
    std::snprintf(ratio, sizeof ratio, "faultline: %.2f ×",
                  faultline::bench::spread_of(ratios).median);
    text += text_at(x + kPanelWidth, base, ratio, 11, kFaintInk, "end");
  }
  return text;
}

std::string draw(const Panel& panel, int x, int y) {
  const MetricText& metric = text_of(panel.metric);
  std::string text = text_at(x, y + 18, panel.result->workload.title, 15, kInk, "start", "bold") +
                     text_at(x, y + 36,
                             std::string(metric.heading) +
                                 (metric.less_is_better ? ", less" : ", more") + " is better",
                             12, kFaintInk);
  double largest = 0;
  for (const ContenderResult& contender : panel.result->contenders) {
    const Spread* spread = panel.spread_of(contender);
    if (spread != nullptr) largest = std::max(largest, spread->most);
  }
  if (largest <= 0) return text;
  int bar_y = y + kPanelHeaderHeight - 6;
  for (const ContenderResult& contender : panel.result->contenders) {
    if (panel.spread_of(contender) == nullptr) continue;
    text += bar(panel, contender, largest, x, bar_y);
    bar_y += kBarDistance;
  }
  return text;
}

/// The panels of each workload, side by side: a row.
std::vector<std::vector<Panel>> rows_of(const Report& report) {
  std::vector<std::vector<Panel>> rows;
  for (const WorkloadResult& result : report.comparisons) {
    std::vector<Panel> row;
    for (const Metric metric : result.workload.headline) {
      const Panel panel{.result = &result, .metric = metric};
      if (panel.bars() > 0) row.push_back(panel);
    }
    if (!row.empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string to_svg(const Report& report) {
  std::string body;
  int y = kHeaderHeight;
  for (const std::vector<Panel>& row : rows_of(report)) {
    int height = 0;
    int x = kMargin;
    for (const Panel& panel : row) {
      body += draw(panel, x, y);
      height = std::max(height, panel.height());
      x += kPanelWidth + kMargin;
    }
    y += height + kPanelGap;
  }
  const int height = y + kFooterHeight;
  const std::string size =
      "width=\"" + std::to_string(kWidth) + "\" height=\"" + std::to_string(height) + "\"";
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " +
                     std::to_string(kWidth) + " " + std::to_string(height) +
                     "\" font-family=\"Helvetica, Arial, sans-serif\">\n";
  text += "<rect " + size + " fill=\"#ffffff\"/>\n";
  text += text_at(kMargin, 42, "Faultline " + report.version + ", side by side", 24, kInk, "start",
                  "bold");
  text += text_at(kMargin, 66,
                  "Medians of interleaved rounds, " + count_text(report.workers, "worker") +
                      " each, no toxic; whiskers: least and most; CPU and memory of "
                      "the proxy alone",
                  13, kFaintInk);
  text += body;
  text += text_at(kMargin, height - 16, report.machine.text() + ", over loopback", 12, kFaintInk);
  return text + "</svg>\n";
}

}  // namespace faultline::bench
