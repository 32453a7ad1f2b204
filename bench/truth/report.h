#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/truth/figures.h"
#include "bench/truth/measurement.h"

namespace faultline::bench::truth {

/// Everything one run has found. A side that was not measured is empty.
struct Report {
  std::string version;  ///< Of Faultline.
  Machine machine;
  Task task;
  std::vector<Figures> truth;  ///< One for each cell.
  std::vector<Figures> ours;
  bool is_judged = true;              ///< False where there is too little for a verdict.
  std::vector<std::string> notes;     ///< How exact it is.
  std::vector<std::string> problems;  ///< What makes it worthless.
};

/// The criteria of that cell, if both sides were measured. REQUIRES: there is such a cell.
std::optional<std::vector<Criterion>> judge(const Report& report, std::size_t cell);

/// How many criteria hold, and how many do not.
struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
};
Tally count(const Report& report);

/// Tables for people: both sides, ratios, distances, verdicts.
std::string to_markdown(const Report& report);

/// All figures.
std::string to_json(const Report& report);

}  // namespace faultline::bench::truth
