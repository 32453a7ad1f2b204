#pragma once

#include <vector>

#include "base/result.h"
#include "proxy/spec_decoder.h"
#include "zones/zone_map.h"

namespace faultline {

/// What a map of zones says: {a: {cidrs: [10.1.0.0/16, fd00:1::/32]}, b: {cidrs: [10.2.0.0/16]}}.
/// Whether they go together is checked, too. Errors: kInvalid.
Result<std::vector<ZoneSpec>> decode_zones(const Document& document, Dialect dialect);

/// What is behind the name of one, {cidrs: [10.1.0.0/16]}. A `name` in it is `name`, or refused:
/// what the API shows can be sent back, `proxies` too, which is ignored. Errors: kInvalid.
Result<ZoneSpec> decode_zone(const Document& document, const std::string& name, Dialect dialect);

}  // namespace faultline
