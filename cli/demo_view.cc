#include "cli/demo_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "cli/terminal_size.h"

namespace faultline {

namespace {

constexpr std::size_t kRecent = 200;
constexpr std::size_t kSummarised = 50;  // Ten seconds, if nothing is slow.
constexpr int kDrawnLines = 4;

std::string formatted(const char* format, double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

/// `text` cut to `width` bytes: a longer line would wrap and spoil the drawing.
std::string fitted(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : text.substr(0, width > 3 ? width - 3 : 0) + "...";
}

/// One of eight heights on a logarithmic scale: each two are a factor of ten, from 0.3 ms to 2 s.
std::string_view bar(std::chrono::nanoseconds latency) {
  constexpr std::string_view kBars = "▁▂▃▄▅▆▇█";
  constexpr std::size_t kBytesEach = 3;
  const double milliseconds = static_cast<double>(latency.count()) / 1e6;
  const double height = 2 * std::log10(std::max(milliseconds, 1e-3) / 0.3);
  const auto index = static_cast<std::size_t>(std::clamp(height, 0.0, 7.0));
  return kBars.substr(index * kBytesEach, kBytesEach);
}

}  // namespace

std::string latency_text(std::chrono::nanoseconds latency) {
  const double milliseconds = static_cast<double>(latency.count()) / 1e6;
  if (milliseconds >= 1000) return formatted("%.2f s", milliseconds / 1000);
  if (milliseconds >= 10) return formatted("%.0f ms", milliseconds);
  return formatted(milliseconds >= 1 ? "%.1f ms" : "%.2f ms", milliseconds);
}

std::string summary_of(const std::vector<DemoSample>& samples) {
  std::vector<std::chrono::nanoseconds> latencies;
  std::string failure;
  std::size_t failed = 0;
  for (const DemoSample& sample : samples) {
    if (sample.failure.empty()) {
      latencies.push_back(sample.latency);
    } else {
      ++failed;
      failure = sample.failure;
    }
  }
  std::sort(latencies.begin(), latencies.end());
  std::string text =
      std::to_string(samples.size()) + (samples.size() == 1 ? " request" : " requests");
  if (!latencies.empty()) {
    text += ", median " + latency_text(latencies[latencies.size() / 2]) + ", worst " +
            latency_text(latencies.back());
  }
  if (failed > 0) text += ", " + std::to_string(failed) + " failed (" + failure + ")";
  return text;
}

void DemoView::show(const DemoTraffic::News& news, const std::string& toxics) {
  requests_ += news.samples.size();
  remember(news.samples);
  if (console_.is_terminal) {
    draw(news, toxics);
  } else {
    print_line(news, toxics);
  }
  console_.out.flush();
}

void DemoView::remember(const std::vector<DemoSample>& samples) {
  recent_.insert(recent_.end(), samples.begin(), samples.end());
  while (recent_.size() > kRecent) recent_.pop_front();
}

std::string DemoView::sparkline(std::size_t width) const {
  std::string text;
  const std::size_t shown = std::min(recent_.size(), width);
  for (std::size_t i = recent_.size() - shown; i < recent_.size(); ++i) {
    const DemoSample& sample = recent_[i];
    text += sample.failure.empty() ? std::string(bar(sample.latency)) : console_.red("x");
  }
  return text;
}

void DemoView::draw(const DemoTraffic::News& news, const std::string& toxics) {
  const std::size_t width = terminal_size().width - 1;
  std::string last = "no request yet";
  bool bad = false;
  constexpr std::chrono::milliseconds kNoticeable{300};
  if (news.waiting && *news.waiting > kNoticeable) {
    last = "request " + std::to_string(requests_ + 1) + ": no answer for " +
           latency_text(*news.waiting);
    bad = true;
  } else if (!recent_.empty()) {
    const DemoSample& sample = recent_.back();
    bad = !sample.failure.empty();
    last = "request " + std::to_string(requests_) + ": " +
           (bad ? sample.failure : latency_text(sample.latency));
  }
  const std::size_t count = std::min(recent_.size(), kSummarised);
  const std::vector<DemoSample> latest(recent_.end() - static_cast<std::ptrdiff_t>(count),
                                       recent_.end());
  const std::string first = fitted("  " + last, width);
  const std::string third = fitted("  latest: " + summary_of(latest), width);
  const std::string fourth = fitted("  toxics: " + (toxics.empty() ? "none" : toxics), width);
  if (drawn_) console_.out << "\x1b[" << kDrawnLines << 'A';
  drawn_ = true;
  const std::string start_of_line = "\r\x1b[2K";
  console_.out << start_of_line << (bad ? console_.red(first) : console_.green(first)) << '\n'
               << start_of_line << "  " << sparkline(width > 2 ? width - 2 : 0) << '\n'
               << start_of_line << third << '\n'
               << start_of_line << (toxics.empty() ? console_.dim(fourth) : console_.yellow(fourth))
               << '\n';
}

void DemoView::print_line(const DemoTraffic::News& news, const std::string& toxics) {
  std::array<char, 16> time{};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::strftime(time.data(), time.size(), "%H:%M:%S", &parts);
  console_.out << time.data() << "  " << summary_of(news.samples);
  if (news.samples.empty() && news.waiting) {
    console_.out << ", no answer for " << latency_text(*news.waiting);
  }
  if (!toxics.empty()) console_.out << "  [" << toxics << ']';
  console_.out << '\n';
}

}  // namespace faultline
