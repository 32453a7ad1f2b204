#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "control-api/v1_call.h"
#include "proxy/spec.h"

namespace faultline {

/// Gives `toxic`, which is to be put on a proxy, the server's ttl if it has none of its own:
/// it counts from then. One with a lease lasts as long as that, unless it has a ttl, too.
/// Errors: kInvalid, longer than the server allows, or no such lease; `place` is the JSON
/// pointer to the toxic.
Result<void> give_ttl(ToxicSpec& toxic, const V1Settings& settings, const Leases& leases,
                      const std::string& place);

/// The same for all toxics of a proxy.
Result<void> give_ttls(ProxySpec& proxy, const V1Settings& settings, const Leases& leases);

/// Makes the ttl of a fault's description what is left of its time, which is up at `ends`: made of
/// it again, it ends when it would have. It may be kNever: then nothing.
void say_time_left(nlohmann::ordered_json& fault, TimePoint ends);

}  // namespace faultline
