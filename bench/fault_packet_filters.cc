#include <cstdio>

#include "bench/fault_bench.h"
#include "bench/statistics.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

struct FilterCase {
  std::string label;
  std::optional<ToxicRequest> toxic;  ///< None: what the others are compared with.
};

/// Faults of the kernel engine that let the measured downloads through.
std::vector<FilterCase> filter_cases() {
  return {{"none", std::nullopt},
          {"blackhole for another client",
           ToxicRequest{.type = "blackhole", .stream = "", .clients = {"127.0.0.9"}}},
          {"packet_loss of 0.001 %",
           ToxicRequest{.type = "packet_loss",
                        .attributes = {{"loss", "0.001%"}, {"engine", "kernel"}},
                        .stream = ""}},
          {"packet_loss for another client",
           ToxicRequest{.type = "packet_loss",
                        .attributes = {{"loss", "10%"}, {"engine", "kernel"}},
                        .stream = "",
                        .clients = {"127.0.0.9"}}}};
}

struct FilterFigures {
  std::vector<double> rates;         // MB/s
  std::vector<double> costs;         // CPU s/GB
  std::vector<double> of_unfaulted;  // Percent of the cost in the same round.
};

}  // namespace

FaultTable measure_packet_filter_cost(FaultBench bench, std::size_t downloads, std::size_t rounds,
                                      const Window& window) {
  const std::string name = "packet-filter-cost";
  const std::vector<FilterCase> cases = filter_cases();
  std::vector<FilterFigures> figures(cases.size());
  for (std::size_t round = 0; round < rounds && !stop_requested(); ++round) {
    double unfaulted = kNoValue;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const std::string where = name + ", " + cases[i].label;
      const LoadResult load = download_under(bench, where, cases[i].toxic, downloads, window).load;
      if (load.bytes == 0) continue;
      const auto bytes = static_cast<double>(load.bytes);
      const double cost = load.cpu_seconds / (bytes / 1e9);
      if (!cases[i].toxic) unfaulted = cost;
      figures[i].rates.push_back(bytes / 1e6 / load.seconds);
      figures[i].costs.push_back(cost);
      figures[i].of_unfaulted.push_back(100 * cost / unfaulted);
      std::fprintf(stderr, "%s: %.4f CPU s/GB\n", where.c_str(), cost);
    }
  }

  FaultTable table{.name = name,
                   .title = std::to_string(downloads) + " downloads with packet filters in force",
                   .note =
                       "Faults of the kernel engine that concern others, or next to no packet: "
                       "bytes have to go on past the toxics as if there were none. Medians of " +
                       std::to_string(rounds) +
                       " rounds, in each of which every fault has its turn; the ratio is that "
                       "of one round.",
                   .row_heading = "fault",
                   .columns = {{"megabytes_per_second", "MB/s"},
                               {"cpu_seconds_per_gb", "CPU s/GB"},
                               {"percent_of_unfaulted", "% of the CPU without (median)"},
                               {"percent_of_unfaulted_least", "least"},
                               {"percent_of_unfaulted_most", "most"}},
                   .rows = {}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (figures[i].rates.empty()) continue;
    const Spread ratio = spread_of(figures[i].of_unfaulted);
    table.rows.push_back({cases[i].label,
                          {spread_of(figures[i].rates).median, spread_of(figures[i].costs).median,
                           ratio.median, ratio.least, ratio.most}});
  }
  return table;
}

}  // namespace faultline::bench
