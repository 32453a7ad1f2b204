#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "proxy/fields.h"
#include "proxy/spec.h"

namespace faultline {

/// The shortest that a ttl can be.
inline constexpr Duration kShortestTtl = std::chrono::milliseconds(1);

/// The keys of a toxic that say how long it stays, and whose it is.
const std::vector<std::string>& life_keys();

/// What a toxic's `ttl` ("10m", or "none"), `lease`, `owner` and `reason` say. When
/// it ends is for whoever puts it on a proxy. `ends_at` is part of a reply: it is
/// ignored, so that what the API shows can be sent back. Toxiproxy's clients know
/// none of these: in their dialect they are ignored, as all that is unknown is.
/// Errors: kInvalid.
Result<ToxicLife> decode_life(const Fields& toxic, Dialect dialect);

}  // namespace faultline
