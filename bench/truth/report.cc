#include "bench/truth/report.h"

namespace faultline::bench::truth {

std::optional<std::vector<Criterion>> judge(const Report& report, std::size_t cell) {
  if (report.truth.empty() || report.ours.empty()) return std::nullopt;
  const Figures& truth = report.truth[cell];
  const Figures& ours = report.ours[cell];
  if (!truth.is_whole() || !ours.is_whole()) return std::nullopt;
  return judge(truth, ours);
}

Tally count(const Report& report) {
  Tally tally;
  for (std::size_t cell = 0; report.is_judged && cell < report.task.cells.size(); ++cell) {
    const auto criteria = judge(report, cell);
    if (!criteria) continue;
    for (const Criterion& criterion : *criteria) {
      ++(criterion.judgement.passes ? tally.passed : tally.failed);
    }
  }
  return tally;
}

}  // namespace faultline::bench::truth
