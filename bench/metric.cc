#include "bench/metric.h"

#include <cmath>
#include <cstdio>

#include "base/verify.h"

namespace faultline::bench {

const MetricText& text_of(Metric metric) {
  static const std::map<Metric, MetricText> texts = {
      {Metric::kRequestsPerSecond, {"requests_per_second", "requests/s", false}},
      {Metric::kMegabytesPerSecond, {"megabytes_per_second", "MB/s", false}},
      {Metric::kP50, {"latency_p50_us", "p50 (µs)", true}},
      {Metric::kP99, {"latency_p99_us", "p99 (µs)", true}},
      {Metric::kP999, {"latency_p999_us", "p99.9 (µs)", true}},
      {Metric::kCpuPerRequest, {"cpu_us_per_request", "CPU µs/request", true}},
      {Metric::kCpuPerGigabyte, {"cpu_seconds_per_gb", "CPU s/GB", true}},
      {Metric::kBytesPerConnection, {"resident_bytes_per_connection", "bytes/connection", true}},
      {Metric::kResidentMegabytes, {"resident_megabytes", "resident MB in all", true}},
  };
  const auto found = texts.find(metric);
  VERIFY(found != texts.end());
  return found->second;
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string format_number(double value) {
  constexpr int kDigits = 3;
  int decimals = 0;
  if (value != std::floor(value)) {
    const int before_point = static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
    decimals = std::max(0, std::min(kDigits, kDigits - before_point));
  }
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace faultline::bench
