#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/fields.h"
#include "proxy/spec.h"

namespace faultline {

/// The keys of a toxic that say how far it reaches and what its end does:
/// affects, on_remove, shadow and limits.
const std::vector<std::string>& reach_keys();

/// What `limits` says; nothing if it is absent. Errors: kInvalid.
Result<ToxicLimits> decode_limits(const Fields& toxic, Dialect dialect);

/// What they say: {affects: new, on_remove: reset, shadow: true, limits:
/// {max_connections: 5, max_share: 20%, max_bytes_delayed: 10MB}}. In the strict
/// dialect a key needs a value. Errors: kInvalid.
Result<ToxicReach> decode_reach(const Fields& toxic, Dialect dialect);

/// The keys of an `update` of `toxic` that may be changed go into `change`.
/// Refuses other limits than it has. Errors: kInvalid.
Result<void> decode_reach_change(const Fields& update, const ToxicSpec& toxic, Dialect dialect,
                                 ToxicChange& change);

/// Refuses a toxic whose `affects` and `scope` leave nobody. Error: kInvalid.
Result<void> check_reach(const ToxicSpec& toxic);

}  // namespace faultline
