#pragma once

#include <string>

#include "proxy/spec.h"

namespace faultline {

/// "0.3": a share, with six decimals at most, as an attribute of that kind is written.
std::string share_json(double share);

/// `,"match":{...}`, as decode_match() takes it; "" if it is for all.
std::string match_json(const ToxicMatch& match);

/// `,"affects":"new","limits":{...}`, as decode_reach() takes them; "" for the defaults.
std::string reach_json(const ToxicReach& reach);

/// `,"pulse":{...},"ramp":{...}`, as decode_timing() takes them; "" if it is always in force.
std::string timing_json(const ToxicSpec& toxic);

}  // namespace faultline
