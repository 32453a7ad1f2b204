#pragma once

#include <memory>
#include <string>

#include "control-api/body_stream.h"
#include "control-api/leases.h"

namespace faultline {

/// `stream`, which from its start to its destruction holds the lease `id`. So whoever reads it
/// keeps his faults by being there, and does not when he is killed or cut off: the server
/// finds out at the latest when a stream takes none of its pings. `leases` must outlive it.
std::unique_ptr<BodyStream> hold_lease(std::unique_ptr<BodyStream> stream, Leases& leases,
                                       std::string id);

}  // namespace faultline
