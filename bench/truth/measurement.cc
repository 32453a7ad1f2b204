#include "bench/truth/measurement.h"

#include <chrono>
#include <cstdio>

namespace faultline::bench::truth {

namespace {

constexpr double kBulkBytesPerSecond = 2.5e6;  // 20 Mbit/s: fifteen at a time are no burden.

}  // namespace

double bulk_rate(const Cell& cell) {
  return cell.loss > 0 ? 0 : kBulkBytesPerSecond;
}

void announce(const std::string& side, const std::string& what, const Task& task, Duration length) {
  std::fprintf(stderr, "%s: %s on %zu %s, %.0f s\n", side.c_str(), what.c_str(), task.cells.size(),
               task.cells.size() == 1 ? "link" : "links",
               std::chrono::duration<double>(length).count());
}

void note_failures(const std::string& side, const Task& task, Measurement& measurement) {
  for (std::size_t i = 0; i < task.cells.size(); ++i) {
    const CellSamples& samples = measurement.samples[i];
    const std::string where = side + ", " + task.cells[i].label() + ": ";
    if (samples.broken > 0) {
      measurement.problems.push_back(where + std::to_string(samples.broken) +
                                     " connections broke: " + samples.first_failure);
    }
    if (samples.unfinished > 0) {
      measurement.notes.push_back(where + std::to_string(samples.unfinished) +
                                  " exchanges took longer than there was time for; they are "
                                  "missing at the end of the distributions");
    }
  }
}

}  // namespace faultline::bench::truth
