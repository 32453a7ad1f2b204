#pragma once

#include <string>

#include "base/result.h"
#include "control-api/v1_call.h"
#include "proxy/partition.h"

namespace faultline {

/// What a JSON merge patch (RFC 7396) makes of what there is: null takes a field back to its
/// default. What it does not name stays exactly as it is, also where /v1 itself would not take
/// it (Toxiproxy's API takes more). `patch` is JSON that was read without an error. Errors:
/// kInvalid, with a pointer into the patch.
Result<ProxySpec> patched_proxy(const ProxySpec& old, const std::string& patch,
                                const V1Settings& settings, const Leases& leases);

/// The same. A ttl that the patch names counts from when it is put on its proxy; else the
/// toxic ends when it would have.
Result<ToxicSpec> patched_toxic(const ToxicSpec& old, const std::string& patch,
                                const V1Settings& settings, const Leases& leases);

/// The same of a partition, of which /v1 shows `shown`.
Result<PartitionSpec> patched_partition(const PartitionSpec& old, const std::string& shown,
                                        const std::string& patch, const V1Settings& settings,
                                        const Leases& leases);

/// `body` with `name` where it has none: that of the path.
Document with_name(Document body, const std::string& name);

}  // namespace faultline
