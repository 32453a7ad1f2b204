#include <cstdio>

#include "bench/fault_bench.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

FaultTable empty_table() {
  return {.name = "throughput-under-latency",
          .title = "One download under latency",
          .note = "One connection, as many bytes as will go.",
          .row_heading = "latency",
          .columns = {{"megabytes_per_second", "MB/s"},
                      {"percent_kept", "% of the rate without"},
                      {"cpu_seconds_per_gb", "CPU s/GB"},
                      {"resident_megabytes", "resident MB"}},
          .rows = {}};
}

}  // namespace

FaultTable measure_throughput_under_latency(FaultBench bench,
                                            const std::vector<std::int64_t>& latencies_ms,
                                            const Window& window) {
  FaultTable table = empty_table();
  std::vector<std::int64_t> cases = {0};
  cases.insert(cases.end(), latencies_ms.begin(), latencies_ms.end());
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
    if (latency == 0) unfaulted = rate;
    std::fprintf(stderr, "%s: %.0f MB/s\n", where.c_str(), rate);
    table.rows.push_back({label,
                          {rate, unfaulted > 0 ? 100 * rate / unfaulted : 0,
                           result.load.cpu_seconds / (bytes / 1e9), result.resident_megabytes}});
  }
  return table;
}

}  // namespace faultline::bench
