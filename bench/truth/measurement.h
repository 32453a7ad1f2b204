#pragma once

#include <string>
#include <vector>

#include "bench/truth/cell.h"
#include "bench/truth/loads.h"

namespace faultline::bench::truth {

/// What both sides are asked, in the same way.
struct Task {
  std::vector<Cell> cells;
  LinkKind kind;
  LoadSettings loads;
};

/// What one side was seen to do.
struct Measurement {
  std::vector<CellSamples> samples;   ///< One for each cell of the task.
  std::vector<std::string> notes;     ///< How exact it is, a line each.
  std::vector<std::string> doubts;    ///< Why times may be off, a line each.
  std::vector<std::string> problems;  ///< What makes it worthless, a line each.
};

/// The line in front of bulk flows, in bytes a second; 0 for none. Where nothing
/// is lost a flow is as fast as windows and processors are, which says nothing
/// about a network; there the link gets a rate, and a queue of an RTT's worth
/// (queue_for()), so that what is compared is how a flow fills a line.
double bulk_rate(const Cell& cell);

/// Begins the notes of a phase on standard error: "ground truth: bulk flows on 15 links, 50 s".
void announce(const std::string& side, const std::string& what, const Task& task, Duration length);

/// Notes what went wrong on each link.
void note_failures(const std::string& side, const Task& task, Measurement& measurement);

}  // namespace faultline::bench::truth
