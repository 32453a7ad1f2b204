#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/fields.h"
#include "proxy/spec.h"

namespace faultline {

/// The keys of a toxic that say when it is in force, and for whom.
const std::vector<std::string>& condition_keys();

/// What a toxic's `match` says: {clients: [10.0.0.0/8],
/// not_clients: [10.0.0.1], destinations: [db1:5432], connections: 30%, by: client,
/// first: 3, every: 10}; `client` and `destination` are lists of one.
/// One that names nobody is refused. In the strict dialect a key needs a value.
/// Errors: kInvalid.
Result<ToxicMatch> decode_match(const Fields& toxic, Dialect dialect);

/// The turns at `key`, {on: 5s, off: 20s, jitter: 1s}; of `poisson` they are drawn, and have no
/// jitter. Nothing if the key is absent. Errors: kInvalid.
Result<std::optional<OnOff>> decode_turns(const Fields& fields, const std::string& key,
                                          Dialect dialect);

/// What a toxic's `pulse`, `poisson`, `after`, `until` and `ramp` say. Durations
/// are texts with a unit, "1.5s"; in Toxiproxy's dialect those of `pulse`,
/// `poisson` and `ramp` may be numbers of ms, too. `after` and `until` never are:
/// they may be bytes. These maps are ours: unknown keys in them are refused in
/// every dialect. In the strict dialect a key needs a value. Errors: kInvalid.
Result<ToxicTiming> decode_timing(const Fields& toxic, const ToxicType& type, Dialect dialect);

/// Refuses an `update` of `toxic` that would change them. One that repeats what
/// the API shows is fine. Errors: kInvalid.
Result<void> check_conditions_kept(const Fields& update, const ToxicSpec& toxic, Dialect dialect);

}  // namespace faultline
