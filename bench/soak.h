#pragma once

#include "bench/fault_bench.h"

namespace faultline::bench {

/// How a soak goes.
struct SoakSettings {
  Duration length{};          ///< Under load; the pauses come on top.
  bool checks_memory = true;  ///< False for a build that keeps what is freed, as sanitizers do.
};

/// Looks for what is left behind: puts every kind of load at once on a
/// Faultline whose toxics change all the time, stops it all now and then, and
/// compares what the process holds at rest. What grew, or was lost or wrong,
/// is a problem. Ends the process, to see it end well.
FaultTable soak(FaultBench bench, const SoakSettings& settings);

}  // namespace faultline::bench
