#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "proxy/spec.h"

namespace faultline {

/// The attributes of `toxic` at a step of its ramp; as they are if it has none.
Attributes attributes_at(const ToxicSpec& toxic, std::uint64_t step);

/// The steps that show all a ramp can come to: its ends, and those next to them,
/// for 0 often means something else than a little does. Only 0 if it has no ramp.
std::vector<std::uint64_t> telling_steps(const ToxicSpec& toxic);

/// All that can be wrong with its attributes taken together, wherever its ramp
/// takes them. Errors: kInvalid, saying where of a ramp: "ramp: from: ...".
Result<void> check_together(const ToxicSpec& toxic);

}  // namespace faultline
