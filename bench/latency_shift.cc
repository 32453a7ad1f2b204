#include "bench/latency_shift.h"

#include <algorithm>

#include "bench/metric.h"
#include "bench/statistics.h"

namespace faultline::bench {

namespace {

constexpr double kSlowest = 0.99;
constexpr Duration kAtOnce = std::chrono::milliseconds(100);

}  // namespace

std::optional<LatencyShift> shift_at(TimePoint moment, TimePoint from, TimePoint until,
                                     const std::vector<Echo>& echoes) {
  LatencyShift shift;
  std::vector<double> before;
  std::vector<double> after;
  for (const Echo& echo : echoes) {
    const double took = milliseconds(echo.back - echo.sent);
    if (echo.sent >= from && echo.sent < moment) before.push_back(took);
    if (echo.sent >= moment && echo.sent < until) after.push_back(took);
    const bool is_under_way = echo.sent < moment + kAtOnce && echo.back > moment;
    if (is_under_way) shift.hiccup_ms = std::max(shift.hiccup_ms, took);
  }
  if (before.empty() || after.empty()) return std::nullopt;
  shift.before_ms = quantile(std::move(before), kSlowest);
  shift.after_ms = quantile(std::move(after), kSlowest);
  return shift;
}

}  // namespace faultline::bench
