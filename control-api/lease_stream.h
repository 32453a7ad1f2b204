#pragma once

#include <memory>
#include <string>

#include "control-api/body_stream.h"
#include "control-api/leases.h"

namespace faultline {

/// `stream`, which from its start to its destruction holds the lease `id`. So whoever reads it
/// keeps his faults by being there, and does not when he is killed or cut off: an HttpStream
/// finds out when he does not acknowledge what it sends. It ends if the lease is ended, at the
/// latest when a keep-alive is due. `leases` must outlive it.
std::unique_ptr<BodyStream> hold_lease(std::unique_ptr<BodyStream> stream, Leases& leases,
                                       std::string id);

}  // namespace faultline
