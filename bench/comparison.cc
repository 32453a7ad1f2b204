#include "bench/comparison.h"

#include <cstdio>

#include "bench/stop.h"

namespace faultline::bench {

namespace {

void show_progress(const Workload& workload, const std::string& contender, std::size_t round,
                   std::size_t rounds, const Round& outcome) {
  std::string figures;
  for (const auto& [metric, value] : outcome.sample) {
    figures += "  " + format_number(value) + " " + text_of(metric).heading;
  }
  if (!outcome.failure.empty()) figures += "  FAILED: " + outcome.failure;
  std::fprintf(stderr, "%s %zu/%zu %s:%s\n", workload.name.c_str(), round + 1, rounds,
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

WorkloadResult Comparison::run(const Workload& workload) {
  WorkloadResult result{.workload = workload, .contenders = {}};
  for (const auto& contender : contenders_) {
    result.contenders.push_back({.contender = contender->name(), .rounds = {}, .summary = {}});
  }
  for (std::size_t round = 0; round < pace_.rounds; ++round) {
    for (std::size_t turn = 0; turn < contenders_.size(); ++turn) {
      if (stop_requested()) return result;
      const std::size_t which = (round + turn) % contenders_.size();
      Contender& contender = *contenders_[which];
      Round outcome = run_round(workload, contender, pace_.window);
      if (stop_requested()) return result;
      if (outcome.sample.empty() && outcome.failure.empty()) continue;
      show_progress(workload, contender.name(), round, pace_.rounds, outcome);
      if (!outcome.failure.empty()) {
        problems_.push_back(workload.name + ", " + contender.name() + ": " + outcome.failure);
      }
      if (!outcome.sample.empty()) {
        result.contenders[which].rounds.push_back(std::move(outcome.sample));
      }
    }
  }
  for (ContenderResult& contender : result.contenders) {
    contender.summary = summarize(contender.rounds);
  }
  return result;
}

}  // namespace faultline::bench
