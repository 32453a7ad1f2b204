#pragma once

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_tree.h"
#include "cli/v1_remote.h"

namespace faultline {

/// What shows that a partition is as it should be, beside its counts: what those see who dial
/// while it is there, and what comes back when it has ended.

/// --verify and --no-verify. `verify` outlives the command, and holds what is the default.
void add_verify_option(CLI::App& command, bool& verify, const std::string& description);

/// Has the server dial between the zones that `partition` keeps apart, and waits until it has,
/// two seconds at the most: the partition's effect, with its `probes`; null if it has ended first.
/// Errors as of a call.
Result<nlohmann::ordered_json> probe_cut(const Invocation& invocation, const V1Remote& remote,
                                         const std::string& partition);

/// Says what they saw. 0, or 1 if somebody has got through who should not have.
int tell_probes(const Invocation& invocation, const nlohmann::ordered_json& effect);

/// Waits until the first byte has crossed again wherever some had before, five seconds at the
/// most, one at the least. Null if nothing had been kept back. Errors as of a call.
Result<nlohmann::ordered_json> await_recovery(const Invocation& invocation, const V1Remote& remote,
                                              const std::string& partition);

/// "4 probes: 3 timed out, 1 not probed", of an effect.
std::string probes_in_words(const nlohmann::ordered_json& effect);

/// What has come back, in a line: "the first byte crossed again after 12 ms, ...".
std::string recovery_in_words(const nlohmann::ordered_json& recovery);

}  // namespace faultline
