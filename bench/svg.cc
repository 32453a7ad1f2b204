#include <algorithm>
#include <cstdio>

#include "bench/report.h"

namespace faultline::bench {

namespace {

// A row for each workload: a panel for what is got, one for what it costs. In pixels:
//
//   ----------------------------------------------------------------------------------
//   title of the workload
//   metric, and which way is better    faultline /     metric ...
//   name  ████████████|--|  value            ratio     name  ███|-|  value       ratio
constexpr int kWidth = 1120;
constexpr int kMargin = 32;
constexpr int kHeaderHeight = 88;
constexpr int kFooterHeight = 44;
constexpr int kPanelGap = 48;  // Between the panels of a row.
constexpr int kPanelWidth = (kWidth - 2 * kMargin - kPanelGap) / 2;
constexpr int kTitleBase = 28;  // Base lines, from the top of a row.
constexpr int kMetricBase = 48;
constexpr int kFirstBar = 60;
constexpr int kBarHeight = 18;
constexpr int kBarDistance = 26;
constexpr int kRowGap = 18;
constexpr int kNameWidth = 108;
constexpr int kValueWidth = 80;
constexpr int kRatioWidth = 66;
constexpr int kBarRoom = kPanelWidth - kNameWidth - kValueWidth - kRatioWidth;

constexpr const char* kInk = "#1f2933";
constexpr const char* kFaintInk = "#65727f";
constexpr const char* kRuleColour = "#dbe1e7";
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

std::string line(int x1, int y1, int x2, int y2, const char* colour) {
  return "<line x1=\"" + std::to_string(x1) + "\" y1=\"" + std::to_string(y1) + "\" x2=\"" +
         std::to_string(x2) + "\" y2=\"" + std::to_string(y2) + "\" stroke=\"" + colour + "\"/>\n";
}

/// "1,234,567": figures side by side are told apart by their length.
std::string grouped(double value) {
  std::string text = format_number(value);
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t digits = 3; digits < point; digits += 3) text.insert(point - digits, ",");
  return text;
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
};

const char* colour_of(const std::string& contender) {
  if (contender == kOurs) return kOursColour;
  return contender == "direct" ? kDirectColour : kPeerColour;
}

/// From the least to the most, across the bar whose top left is (x, y).
std::string whisker(int least, int most, int x, int y) {
  const int middle = y + kBarHeight / 2;
  std::string text = line(x + least, middle, x + most, middle, kInk);
  for (const int end : {least, most}) {
    text += line(x + end, middle - 4, x + end, middle + 4, kInk);
  }
  return text;
}

/// Our figure divided by that of `contender`, green where that is to our credit.
std::string ratio(const Panel& panel, const ContenderResult& contender, int x, int base) {
  const ContenderResult* ours = find_contender(*panel.result, kOurs);
  if (ours == nullptr || ours == &contender) return "";
  const std::vector<double> ratios = ratios_by_round(*ours, contender, panel.metric);
  if (ratios.empty()) return "";
  const double median = faultline::bench::spread_of(ratios).median;
  const bool is_good = text_of(panel.metric).less_is_better ? median < 1 : median > 1;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", median);
  return text_at(x, base, text, 13, is_good ? kOursColour : kFaintInk, "end",
                 is_good ? "bold" : "normal");
}

std::string bar(const Panel& panel, const ContenderResult& contender, double largest, int x,
                int y) {
  const Spread& spread = *panel.spread_of(contender);
  const auto width = [largest](double value) {
    return static_cast<int>(std::max(0.0, value) / largest * kBarRoom);
  };
  const int base = y + kBarHeight - 5;
  const int bar_x = x + kNameWidth;
  const char* weight = contender.contender == kOurs ? "bold" : "normal";
  std::string text = text_at(bar_x - 8, base, contender.contender, 13, kInk, "end", weight);
  text += rectangle(bar_x, y, std::max(2, width(spread.median)), kBarHeight,
                    colour_of(contender.contender));
  if (width(spread.most) > width(spread.least)) {
    text += whisker(width(spread.least), width(spread.most), bar_x, y);
  }
  text += text_at(bar_x + width(spread.most) + 8, base, grouped(spread.median), 13, kInk, "start",
                  weight);
  return text + ratio(panel, contender, x + kPanelWidth, base);
}

/// `y` is the top of the row.
std::string draw(const Panel& panel, int x, int y) {
  const MetricText& metric = text_of(panel.metric);
  std::string text = text_at(
      x, y + kMetricBase,
      std::string(metric.heading) + (metric.less_is_better ? ", less" : ", more") + " is better",
      12, kFaintInk);
  if (find_contender(*panel.result, kOurs) != nullptr && panel.bars() > 1) {
    text +=
        text_at(x + kPanelWidth, y + kMetricBase, std::string(kOurs) + " /", 12, kFaintInk, "end");
  }
  double largest = 0;
  for (const ContenderResult& contender : panel.result->contenders) {
    const Spread* spread = panel.spread_of(contender);
    if (spread != nullptr) largest = std::max(largest, spread->most);
  }
  if (largest <= 0) return text;
  int bar_y = y + kFirstBar;
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
    body += line(kMargin, y, kWidth - kMargin, y, kRuleColour);
    body += text_at(kMargin, y + kTitleBase, row.front().result->workload.title, 15, kInk, "start",
                    "bold");
    int bars = 0;
    int x = kMargin;
    for (const Panel& panel : row) {
      body += draw(panel, x, y);
      bars = std::max(bars, panel.bars());
      x += kPanelWidth + kPanelGap;
    }
    y += kFirstBar + bars * kBarDistance + kRowGap;
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
                  "Medians of interleaved rounds, least and most; " +
                      count_text(report.workers, "worker") +
                      " each, no toxic; CPU and memory of the proxy alone; ratios: median of "
                      "those of the rounds",
                  13, kFaintInk);
  text += body;
  text += line(kMargin, y, kWidth - kMargin, y, kRuleColour);
  text += text_at(kMargin, y + 26, report.machine.text() + ", over loopback", 12, kFaintInk);
  return text + "</svg>\n";
}

}  // namespace faultline::bench
