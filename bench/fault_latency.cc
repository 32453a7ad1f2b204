#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bench/echo_load.h"
#include "bench/fault_bench.h"
#include "bench/metric.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr std::int64_t kAskedMs = 50;
constexpr std::size_t kMessageBytes = 64;

/// How much more than a given delay each message of a run took. Exact, and signed.
class Lateness {
 public:
  /// Listens to `load`, which must not outlive this.
  Lateness(EchoLoad& load, Duration asked) {
    load.observer = [this, asked](const Message& message, TimePoint when) {
      values_ms_.push_back(milliseconds(when - message.intended - asked));
    };
  }

  void sort() { std::sort(values_ms_.begin(), values_ms_.end()); }

  /// REQUIRES: sorted. 0 without messages.
  double quantile_ms(double share) const {
    if (values_ms_.empty()) return 0;
    const double last = static_cast<double>(values_ms_.size() - 1);
    return values_ms_[static_cast<std::size_t>(std::lround(share * last))];
  }

 private:
  std::vector<double> values_ms_;
};

/// Runs `load` and says how late its messages were.
Lateness lateness_of(FaultBench bench, const std::string& where, EchoLoad& load,
                     const Window& window, Duration asked) {
  Lateness lateness(load, asked);
  const LoadResult result = load.run(window);
  load.observer = nullptr;
  if (result.failures > 0) bench.add_problem(where, result.first_failure);
  if (result.operations == 0) bench.add_problem(where, "no message came back");
  lateness.sort();
  return lateness;
}

/// The row of one crowd; empty if there is nothing to show.
std::vector<double> measure_crowd(FaultBench bench, const Crowd& crowd, const Window& window) {
  const std::string where = "latency-accuracy, " + std::to_string(crowd.connections);
  const Target target = bench.proxy.target();
  EchoLoad load(
      target,
      {.connections = crowd.connections, .message_bytes = kMessageBytes, .rate = crowd.rate});
  if (auto connected = load.connect_all(); !connected) {
    bench.add_problem(where, connected.error().message);
    return {};
  }
  const Lateness without = lateness_of(bench, where, load, window, Duration(0));
  if (auto added = bench.api.add_toxic({"latency", {{"latency", kAskedMs}}}); !added) {
    bench.add_problem(where, added.error().message);
    return {};
  }
  const Lateness with =
      lateness_of(bench, where, load, window, std::chrono::milliseconds(kAskedMs));
  if (auto removed = bench.api.remove_toxic("latency"); !removed) {
    bench.add_problem(where, removed.error().message);
  }
  const double usual = without.quantile_ms(0.5);
  return {crowd.rate,
          usual,
          without.quantile_ms(0.99),
          with.quantile_ms(0),
          with.quantile_ms(0.5),
          with.quantile_ms(0.99),
          with.quantile_ms(0.5) - usual,
          with.quantile_ms(0.99) - usual};
}

}  // namespace

FaultTable measure_latency_accuracy(FaultBench bench, const std::vector<Crowd>& crowds,
                                    const Window& window) {
  FaultTable table{
      .name = "latency-accuracy",
      .title = "A latency of 50 ms",
      .note =
          "64-byte echoes at a fixed rate, counted from when each was to be sent. Late: the "
          "round trip less 50 ms. Error: that, less the median round trip without the toxic.",
      .row_heading = "connections",
      .columns = {{"messages_per_second", "messages/s"},
                  {"without_p50_ms", "without: p50 (ms)"},
                  {"without_p99_ms", "without: p99 (ms)"},
                  {"late_least_ms", "late: least (ms)"},
                  {"late_p50_ms", "late: p50 (ms)"},
                  {"late_p99_ms", "late: p99 (ms)"},
                  {"error_p50_ms", "error: p50 (ms)"},
                  {"error_p99_ms", "error: p99 (ms)"}},
      .rows = {}};
  for (const Crowd& crowd : crowds) {
    if (stop_requested()) break;
    std::vector<double> values = measure_crowd(bench, crowd, window);
    if (values.empty()) continue;
    std::fprintf(stderr, "latency-accuracy, %zu connections: error p50 %.3f ms, p99 %.3f ms\n",
                 crowd.connections, values[values.size() - 2], values.back());
    table.rows.push_back({std::to_string(crowd.connections), std::move(values)});
  }
  return table;
}

}  // namespace faultline::bench
