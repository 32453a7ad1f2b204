#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_tree.h"
#include "cli/v1_remote.h"

namespace faultline {

/// Has the server dial between the zones that `partition` keeps apart, and waits until it has,
/// two seconds at the most: the partition's effect, with its `probes`; null if it has ended first.
/// Errors as of a call.
Result<nlohmann::ordered_json> probe_cut(const Invocation& invocation, const V1Remote& remote,
                                         const std::string& partition);

/// Says what they saw. 0, or 1 if somebody has got through who should not have.
int tell_probes(const Invocation& invocation, const nlohmann::ordered_json& effect);

/// "4 probes: 1 not-probed, 3 timed-out", of an effect.
std::string probes_in_words(const nlohmann::ordered_json& effect);

}  // namespace faultline
