#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/metric.h"
#include "bench/workload.h"

namespace faultline::bench {

/// What one contender did under one workload.
struct ContenderResult {
  std::string contender;
  std::vector<Sample> rounds;  ///< One for each, empty where nothing was measured.
  Summary summary;             ///< Over the rounds; empty if nothing was measured.
};

/// One workload, all contenders.
struct WorkloadResult {
  Workload workload;
  std::vector<ContenderResult> contenders;  ///< In the order they were named.
};

/// Puts contenders under load side by side: round by round each has its turn,
/// and each round another begins, so that what changes about the machine in
/// the meantime changes for all.
class Comparison {
 public:
  /// All must outlive the comparison; the contenders are started.
  Comparison(const std::vector<std::unique_ptr<Contender>>& contenders, const Window& window)
      : contenders_(contenders), window_(window) {}

  /// A line of progress for each round goes to stderr. Ends early when the
  /// user wants to stop.
  WorkloadResult run(const Workload& workload);

  /// What was lost, wrong or refused so far, a line each.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  const std::vector<std::unique_ptr<Contender>>& contenders_;
  const Window window_;
  std::vector<std::string> problems_;
};

/// The medians of all rounds that measured something.
Summary summarize(const std::vector<Sample>& rounds);

/// `above` divided by `below` in each round that measured both. What slows the
/// machine down for a while slows both of a round, so these are steadier than
/// the ratio of two medians.
std::vector<double> ratios_by_round(const ContenderResult& above, const ContenderResult& below,
                                    Metric metric);

}  // namespace faultline::bench
