#include "bench/bulk_load.h"
#include "bench/fault_bench.h"

namespace faultline::bench {

DownloadResult download_under(FaultBench bench, const std::string& where,
                              const std::optional<ToxicRequest>& toxic, std::size_t connections,
                              const Window& window) {
  DownloadResult result;
  if (toxic) {
    if (auto added = bench.api.add_toxic(*toxic); !added) {
      bench.add_problem(where, added.error().message);
      return result;
    }
  }
  const Target target = bench.proxy.target();
  BulkLoad load(target, {.way = BulkSettings::Way::kDownload, .connections = connections});
  if (auto started = load.start(); !started) {
    bench.add_problem(where, started.error().message);
  } else {
    result.load = load.measure(window);
    result.resident_megabytes = static_cast<double>(target.cost->memory().resident_bytes) / 1e6;
  }
  if (toxic) {
    // What the proxy still holds goes on at once, so that all can be counted.
    if (auto removed = bench.api.remove_toxic(toxic->type); !removed) {
      bench.add_problem(where, removed.error().message);
    }
  }
  load.finish(result.load);
  if (result.load.failures > 0) bench.add_problem(where, result.load.first_failure);
  return result;
}

}  // namespace faultline::bench
