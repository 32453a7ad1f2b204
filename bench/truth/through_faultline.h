#pragma once

#include <string>

#include "base/result.h"
#include "bench/truth/measurement.h"

namespace faultline::bench::truth {

/// The toxic that is measured.
enum class Fault {
  kPath,     ///< `path`: round trips, loss and a rate together.
  kLatency,  ///< `latency` alone: what one gets who asks for no more. Knows no loss.
};

struct FaultlineSettings {
  std::string binary;
  Fault fault = Fault::kPath;
};

/// The loads of `task` through a Faultline on loopback, with a proxy for each
/// cell and the same clients and server as the ground truth has. Errors:
/// kNotFound, kNetwork, it could not be started; kInvalid, it does not know the
/// toxic or refuses what it is to do.
Result<Measurement> measure_faultline(const Task& task, const FaultlineSettings& settings);

}  // namespace faultline::bench::truth
