#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "bench/statistics.h"

namespace faultline::bench {

/// What is measured of a contender, in the order in which tables show it.
enum class Metric {
  kRequestsPerSecond,
  kMegabytesPerSecond,  ///< 10^6 bytes.
  kP50,                 ///< Latencies in microseconds.
  kP99,
  kP999,
  kCpuPerRequest,       ///< Microseconds of the proxy.
  kCpuPerGigabyte,      ///< Seconds of the proxy.
  kBytesPerConnection,  ///< Growth of the proxy's resident anonymous memory.
  kResidentMegabytes,   ///< Its resident memory in all, with those connections open.
};

/// How a metric is shown.
struct MetricText {
  const char* key;      ///< For JSON, with the unit: "latency_p50_us".
  const char* heading;  ///< For tables: "p50 (us)".
  bool less_is_better;
};

const MetricText& text_of(Metric metric);

/// One figure each, of one round.
using Sample = std::map<Metric, double>;

/// ... and of all rounds.
using Summary = std::map<Metric, Spread>;

double milliseconds(Duration duration);

/// `value` with three significant digits, or all of its integer part: "0.123",
/// "12.3", "12345", "5".
std::string format_number(double value);

}  // namespace faultline::bench
