#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "proxy/partition.h"
#include "proxy/spec.h"

namespace faultline {

/// One step of a timeline, and when it is. Its fault is one of the two, or none: it waits.
struct TimelineStep {
  std::string name;  ///< For people, as they wrote it.
  std::string slug;  ///< What its fault's name ends with: no other step has it.
  Duration start{};  ///< From the start of the run.
  Duration end{};    ///< Later than its start.
  std::optional<PartitionSpec> partition{};
  std::optional<ToxicSpec> toxic{};
  std::string proxy{};  ///< Where the toxic is put: a name, or a pattern, "cache-*".
  /// Where in the document, as JSON pointers: its fault, or it; and how long that is.
  std::string pointer{};
  std::string length_pointer{};
};

/// A scenario: faults in time, to be played as one.
struct Timeline {
  std::string name;
  std::string summary;              ///< May be empty.
  std::vector<TimelineStep> steps;  ///< In the order written; there is one.
  Duration length{};                ///< When the last one ends.
};

/// How far a run of a timeline has come. Knows no clock: it is told how much time has passed.
///
/// Where a step starts as another ends, it starts first: what is apart stays apart in between.
class TimelineProgress {
 public:
  struct Move {
    Duration at;
    bool starts = false;  ///< Else it ends.
    std::size_t step = 0;
  };

  explicit TimelineProgress(const Timeline& timeline);

  /// The next move if it is due once `elapsed` has passed. Each is returned once, in order.
  std::optional<Move> take_due(Duration elapsed);

  /// When the next move is due; nothing if there is none: it is over.
  std::optional<Duration> next() const;

 private:
  std::vector<Move> moves_;  // In order of time.
  std::size_t taken_ = 0;    // So many of them.
};

/// What a step does, to whom: "zone b is cut from everything else: packets vanish, and nobody is
/// told". For the middle of a sentence.
std::string in_words(const TimelineStep& step);

/// A whole timeline, a line a step, each with its start and end.
std::string in_words(const Timeline& timeline);

}  // namespace faultline
