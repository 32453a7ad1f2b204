#include <algorithm>
#include <cstdio>

#include "bench/fault_bench.h"
#include "bench/stop.h"
#include "proxy/workers.h"

namespace faultline::bench {

namespace {

/// What one link holds at the most: the latency of so many bytes is all that a rate needs.
constexpr std::size_t kLinkWindowBytes = Workers::Options{}.link_window_bytes;

/// The rate at which a link that holds each byte for `latency_ms` is just full.
double window_megabytes_per_second(std::int64_t latency_ms) {
  return static_cast<double>(kLinkWindowBytes) / 1e3 / static_cast<double>(latency_ms);
}

double resident_megabytes(FaultBench bench) {
  return static_cast<double>(bench.proxy.target().cost->memory().resident_bytes) / 1e6;
}

FaultTable empty_table() {
  return {.name = "throughput-under-latency",
          .title = "One download under latency",
          .note = "One connection, as many bytes as will go. A link holds " +
                  std::to_string(kLinkWindowBytes >> 20) +
                  " MiB at the most, so a latency allows this much in each such time, and no "
                  "more. Grown: resident memory, less that of the new process.",
          .row_heading = "latency",
          .columns = {{"megabytes_per_second", "MB/s"},
                      {"percent_kept", "% of the rate without"},
                      {"window_megabytes_per_second", "the window allows (MB/s)"},
                      {"percent_of_lower", "% of the lower of both"},
                      {"cpu_seconds_per_gb", "CPU s/GB"},
                      {"resident_megabytes", "resident MB"},
                      {"grown_megabytes", "grown (MB)"}},
          .rows = {}};
}

}  // namespace

FaultTable measure_throughput_under_latency(FaultBench bench,
                                            const std::vector<std::int64_t>& latencies_ms,
                                            const Window& window) {
  FaultTable table = empty_table();
  std::vector<std::int64_t> cases = {0};
  cases.insert(cases.end(), latencies_ms.begin(), latencies_ms.end());
  const double before = resident_megabytes(bench);
  double unfaulted = 0;
  for (const std::int64_t latency : cases) {
    if (stop_requested()) break;
    const std::string label = latency == 0 ? "none" : std::to_string(latency) + " ms";
    const std::string where = "throughput-under-latency, " + label;
    std::optional<ToxicRequest> toxic;
    if (latency > 0) toxic = {"latency", {{"latency", latency}}};
    // Until the first byte has come through, nothing is as it will be.
    const Duration delay = std::chrono::milliseconds(3 * latency);
    const DownloadResult result = download_under(
        bench, where, toxic, 1, {.warm_up = window.warm_up + delay, .length = window.length});
    if (result.load.bytes == 0) continue;
    const auto bytes = static_cast<double>(result.load.bytes);
    const double rate = bytes / 1e6 / result.load.seconds;
    double allowed = kNoValue;
    double percent_of_lower = kNoValue;
    if (latency == 0) {
      unfaulted = rate;
    } else {
      allowed = window_megabytes_per_second(latency);
      if (unfaulted > 0) percent_of_lower = 100 * rate / std::min(unfaulted, allowed);
    }
    std::fprintf(stderr, "%s: %.0f MB/s\n", where.c_str(), rate);
    table.rows.push_back({label,
                          {rate, unfaulted > 0 ? 100 * rate / unfaulted : kNoValue, allowed,
                           percent_of_lower, result.load.cpu_seconds / (bytes / 1e9),
                           result.resident_megabytes, result.resident_megabytes - before}});
  }
  return table;
}

}  // namespace faultline::bench
