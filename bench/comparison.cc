#include "bench/comparison.h"

#include <algorithm>
#include <cstdio>

#include "bench/stop.h"

namespace faultline::bench {

namespace {

void show_progress(const Workload& workload, const std::string& contender, std::size_t round,
                   const Round& outcome) {
  std::string figures;
  for (const auto& [metric, value] : outcome.sample) {
    figures += "  " + format_number(value) + " " + text_of(metric).heading;
  }
  if (!outcome.failure.empty()) figures += "  FAILED: " + outcome.failure;
  std::fprintf(stderr, "%s %zu/%zu %s:%s\n", workload.name.c_str(), round + 1, workload.rounds,
               contender.c_str(), figures.c_str());
}

}  // namespace

Summary summarize(const std::vector<Sample>& rounds) {
  std::map<Metric, std::vector<double>> values;
  for (const Sample& sample : rounds) {
    for (const auto& [metric, value] : sample) values[metric].push_back(value);
  }
  Summary summary;
  for (auto& [metric, all] : values) summary[metric] = spread_of(std::move(all));
  return summary;
}

std::vector<double> ratios_by_round(const ContenderResult& above, const ContenderResult& below,
                                    Metric metric) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(above.rounds.size(), below.rounds.size()); ++i) {
    const auto dividend = above.rounds[i].find(metric);
    const auto divisor = below.rounds[i].find(metric);
    if (dividend == above.rounds[i].end() || divisor == below.rounds[i].end()) continue;
    if (divisor->second > 0) ratios.push_back(dividend->second / divisor->second);
  }
  return ratios;
}

WorkloadResult Comparison::run(const Workload& workload) {
  WorkloadResult result{.workload = workload, .contenders = {}};
  for (const auto& contender : contenders_) {
    result.contenders.push_back({.contender = contender->name(), .rounds = {}, .summary = {}});
  }
  for (std::size_t round = 0; round < workload.rounds; ++round) {
    for (std::size_t turn = 0; turn < contenders_.size(); ++turn) {
      if (stop_requested()) return result;
      const std::size_t which = (round + turn) % contenders_.size();
      Contender& contender = *contenders_[which];
      const Round outcome = run_round(workload, contender, window_);
      if (stop_requested()) return result;
      result.contenders[which].rounds.push_back(outcome.sample);
      if (outcome.sample.empty() && outcome.failure.empty()) continue;
      show_progress(workload, contender.name(), round, outcome);
      if (!outcome.failure.empty()) {
        problems_.push_back(workload.name + ", " + contender.name() + ": " + outcome.failure);
      }
    }
  }
  for (ContenderResult& contender : result.contenders) {
    contender.summary = summarize(contender.rounds);
  }
  return result;
}

}  // namespace faultline::bench
