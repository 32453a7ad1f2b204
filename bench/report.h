#pragma once

#include <string>
#include <vector>

#include "bench/comparison.h"
#include "bench/fault_bench.h"
#include "bench/machine.h"

namespace faultline::bench {

/// Everything one run has found.
struct Report {
  std::string version;  ///< Of Faultline.
  Machine machine;
  Window window;  ///< Of each round.
  std::size_t workers = 1;
  std::vector<WorkloadResult> comparisons;
  std::vector<FaultTable> faults;
  std::vector<std::string> warnings;  ///< Why figures may be off, a line each.
  std::vector<std::string> notes;     ///< What was left out or made smaller, a line each.
  std::vector<std::string> problems;  ///< What was lost, wrong or refused, a line each.
};

/// The contender that ratios are about; the name of our own proxy.
inline constexpr const char* kOurs = "faultline";

/// Tables for people, with the ratios of our proxy to each of the others.
std::string to_markdown(const Report& report);

/// All figures of all rounds.
std::string to_json(const Report& report);

/// A bar chart of the headline figures of each workload: a whole SVG document.
std::string to_svg(const Report& report);

/// "1 worker", "2 workers".
std::string count_text(std::size_t count, const std::string& noun);

/// The summary of that contender, or null.
const ContenderResult* find_contender(const WorkloadResult& result, const std::string& name);

}  // namespace faultline::bench
