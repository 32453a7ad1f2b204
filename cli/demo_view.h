#pragma once

#include <deque>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/demo_traffic.h"

namespace faultline {

/// Shows how the demo's requests fare: on a terminal a few lines that are
/// drawn over and over, else a plain line each time.
class DemoView {
 public:
  /// `console` must outlive the view.
  explicit DemoView(const Console& console) : console_(console) {}

  /// `toxics` describes those on the proxy, in one line; "" for none.
  void show(const DemoTraffic::News& news, const std::string& toxics);

 private:
  void remember(const std::vector<DemoSample>& samples);
  void draw(const DemoTraffic::News& news, const std::string& toxics);
  void print_line(const DemoTraffic::News& news, const std::string& toxics);
  std::string sparkline(std::size_t width) const;

  const Console& console_;
  std::deque<DemoSample> recent_;
  std::size_t requests_ = 0;
  bool drawn_ = false;
};

/// "5 requests, median 1.2 ms, worst 101 ms, 1 failed (connection reset)".
std::string summary_of(const std::vector<DemoSample>& samples);

/// "0.35 ms", "101 ms", "1.20 s".
std::string latency_text(std::chrono::nanoseconds latency);

}  // namespace faultline
