#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/partition.h"
#include "proxy/spec_decoder.h"

namespace faultline {

/// What a partition may say of itself. `links`, `engine`, `engines` and `ends_at` are part of a
/// reply: they are ignored, so that what the API shows can be sent back.
const std::vector<std::string>& partition_keys();

/// A partition as people write it, without whether its zones exist:
///
///   {name: b-cut, shape: isolate, zones: [b], mode: blackhole, ttl: 10m}
///   {name: lossy, from: [a], to: ["*"], direction: from_to, mode: lossy,
///    attributes: {loss: 15%}, connections: 30%, scope: new, heal: reset, flap: {on: 5s, off: 20s}}
///
/// Without a name it is called after its shape and zones, "isolate-b". Errors: kInvalid.
Result<PartitionSpec> decode_partition(const Document& document, Dialect dialect);

}  // namespace faultline
