#pragma once

#include "base/result.h"
#include "proxy/fields.h"
#include "proxy/spec.h"

namespace faultline {

/// What a toxic's `match` says: {clients: [10.0.0.0/8], first: 3, every: 10}.
/// Errors: kInvalid.
Result<ToxicMatch> decode_match(const Fields& toxic, Dialect dialect);

/// What a toxic's `pulse`, `poisson`, `after`, `until` and `ramp` say. Durations
/// are texts with a unit, "1.5s"; in Toxiproxy's dialect also numbers of ms.
/// These maps are ours: unknown keys in them are refused in every dialect.
/// Errors: kInvalid.
Result<ToxicTiming> decode_timing(const Fields& toxic, const ToxicType& type, Dialect dialect);

}  // namespace faultline
