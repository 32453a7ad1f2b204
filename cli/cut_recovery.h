#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_tree.h"
#include "cli/v1_remote.h"

namespace faultline {

/// Waits until the first byte has crossed again wherever some had before, five seconds at the
/// most, one at the least. Null if nothing had been kept back. Errors as of a call.
Result<nlohmann::ordered_json> await_recovery(const Invocation& invocation, const V1Remote& remote,
                                              const std::string& partition);

/// What has come back, in a line: "the first byte crossed again after 12 ms, ...".
std::string recovery_in_words(const nlohmann::ordered_json& recovery);

}  // namespace faultline
