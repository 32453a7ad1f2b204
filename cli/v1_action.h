#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_tree.h"
#include "cli/v1_remote.h"

namespace faultline {

/// What the commands on /v1 share.

/// Calls `action` with the server of --host, and returns its exit code. An answer that is not a
/// Faultline's, on which `action` may throw Json's exceptions, is reported as one.
int with_v1(const Invocation& invocation, const std::function<int(const V1Remote&)>& action);

/// Says on stderr what a call met, "Failed to add toxic: ..." where `what` is not "", and
/// returns the exit code for it.
int report_v1(const Invocation& invocation, const Error& error, const std::string& what = "");

void print_indented(const Invocation& invocation, const nlohmann::ordered_json& json);

/// The member `key` for people, a number too; "" if there is none.
std::string text_at(const nlohmann::ordered_json& json, const char* key);

/// The number `key` of an object; 0 if there is none.
std::uint64_t count_at(const nlohmann::ordered_json& object, const char* key);

/// The list `key` of an object; empty if there is none.
nlohmann::ordered_json list_at(const nlohmann::ordered_json& object, const char* key);

/// "/v1/proxies/redis", or with a toxic "/v1/proxies/redis/toxics/slow"; a call that only tries
/// with "?dry_run=true" behind, and others with the parameters that are not "".
std::string v1_proxy_path(const std::string& proxy);
std::string v1_toxic_path(const std::string& proxy, const std::string& toxic);
std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters);
std::string tried(const std::string& path, bool dry_run);

}  // namespace faultline
