#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/fault_bench.h"
#include "bench/workload.h"

namespace faultline::bench {

/// How thorough a run is.
enum class Scale {
  kSmoke,  ///< Seconds: whether it all works.
  kQuick,  ///< Two minutes or so: whether a change was worth it.
  kFull,   ///< Minutes: what can be quoted.
};

/// What is run at a scale.
struct Suite {
  Window window;  ///< Of each round.
  std::vector<Workload> workloads;

  Window fault_window;
  std::vector<Crowd> latency_crowds;
  std::vector<std::int64_t> bandwidths_kilobytes;
  Window bandwidth_window;
  std::size_t bandwidth_sharers = 6;  ///< 0: that table is left out.
  std::vector<std::int64_t> latencies_ms;
  std::size_t filter_downloads = 8;
  Window filter_window;
  std::size_t filter_rounds = 1;
  Crowd change_crowd;
  std::size_t changes_each = 1;
  ZoneCutSettings zone_cut;
  ControlPlaneSettings control_plane;
};

Suite suite_of(Scale scale);

/// Makes every crowd small enough for processes with `open_files` each, and says
/// in `notes` what was made smaller.
void fit_to_open_files(Suite& suite, std::size_t open_files, std::vector<std::string>& notes);

}  // namespace faultline::bench
