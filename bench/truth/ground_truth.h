#pragma once

#include "base/result.h"
#include "bench/truth/measurement.h"

namespace faultline::bench::truth {

/// Whether this process may do what the ground truth needs: network namespaces
/// and TUN devices. Errors: kNetwork, what was refused.
Result<void> ground_truth_is_allowed();

/// The loads of `task` over emulated links, with the kernel's TCP at both ends:
/// a network for the clients, one for the server, and for each cell a pair of
/// TUN devices between them. Errors: kNetwork, it could not be set up.
Result<Measurement> measure_ground_truth(const Task& task);

}  // namespace faultline::bench::truth
