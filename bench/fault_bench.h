#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "bench/comparison.h"
#include "bench/contender.h"
#include "bench/live_faultline.h"

namespace faultline::bench {

/// What does not apply to a row: shown as nothing.
inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// Figures about faults under load, ready to be shown.
struct FaultTable {
  struct Column {
    std::string key;      ///< For JSON, with the unit: "error_p50_ms".
    std::string heading;  ///< For people.
  };
  struct Row {
    std::string label;
    std::vector<double> values;  ///< One for each column, or kNoValue.
  };

  std::string name;  ///< For --workloads: "latency-accuracy".
  std::string title;
  std::string note;  ///< What was done, and how to read it.
  std::string row_heading;
  std::vector<Column> columns;
  std::vector<Row> rows;
};

/// A Faultline that faults are measured on. All must outlive what uses it.
struct FaultBench {
  LaunchedProxy& proxy;
  const LiveFaultline& api;
  std::vector<std::string>& problems;  ///< Gets a line for what was lost, wrong or refused.

  void add_problem(const std::string& where, const std::string& what) {
    problems.push_back(where + ": " + what);
  }
};

/// Connections, and messages a second over all of them.
struct Crowd {
  std::size_t connections = 1;
  double rate = 200;
  std::size_t burst = 1;  ///< Messages sent at a time.
};

/// What downloads did, with a toxic or without.
struct DownloadResult {
  LoadResult load;
  double resident_megabytes = 0;  ///< Of the proxy, with the downloads under way.
};

/// Downloads as much as will go on `connections`, with `toxic` if there is one.
/// What goes wrong becomes a problem of `where`.
DownloadResult download_under(FaultBench bench, const std::string& where,
                              const std::optional<ToxicRequest>& toxic, std::size_t connections,
                              const Window& window);

/// How late messages are under a latency of 50 ms, for each crowd.
FaultTable measure_latency_accuracy(FaultBench bench, const std::vector<Crowd>& crowds,
                                    const Window& window);

/// How far a download is from the rate asked for, for each rate.
FaultTable measure_bandwidth_accuracy(FaultBench bench,
                                      const std::vector<std::int64_t>& kilobytes_per_second,
                                      const Window& window);

/// How `downloads` at once share one limit of their proxy.
FaultTable measure_bandwidth_shared(FaultBench bench, std::size_t downloads, const Window& window);

/// What latencies leave of the throughput of one download.
FaultTable measure_throughput_under_latency(FaultBench bench,
                                            const std::vector<std::int64_t>& latencies_ms,
                                            const Window& window);

/// What faults of the kernel engine cost those whom they spare: CPU for each
/// byte, beside the same downloads without a toxic.
FaultTable measure_packet_filter_cost(FaultBench bench, std::size_t downloads, std::size_t rounds,
                                      const Window& window);

/// How long it takes from a call that adds or removes a toxic to its answer,
/// and to its effect on every live connection, with messages on all of them.
FaultTable measure_change(FaultBench bench, const Crowd& crowd, std::size_t changes_each);

/// A control API that is called while it has much to look after.
struct ControlPlaneSettings {
  std::size_t connections = 1;  ///< All that are live,
  std::size_t dialled = 1;      ///< and those of them with an upstream.
  double echo_rate = 200;       ///< Messages a second, over those.
  std::size_t subscribers = 2;  ///< Half of them never read.
  std::size_t calls_each = 1;   ///< Of each kind, at least,
  double rate = 50;             ///< so many a second in all.
  bool awaits_drops = true;     ///< Calls go on until those who do not read are dropped.
};

/// Three zones of nodes that all dial each other, of which one is cut off.
struct ZoneCutSettings {
  std::size_t connections = 1;     ///< At the most, as many from each node to each other.
  std::size_t nodes_per_zone = 2;  ///< Each has a proxy.
  double free_rate = 200;          ///< Messages a second, over connections that are not cut,
  double cut_rate = 50;            ///< and over those that are.
  std::size_t rounds = 1;
  Duration window{};  ///< Four make a round.
};

/// What cutting a zone off does to everybody else: their p99 before and after, beside that of
/// windows between which nothing is done; and what still crosses.
FaultTable measure_zone_cut(FaultBench bench, const ZoneCutSettings& settings);

/// How long calls of each kind take, and what becomes of subscribers who do not read.
FaultTable measure_control_plane(FaultBench bench, const ControlPlaneSettings& settings);

}  // namespace faultline::bench
