#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/registry.h"

namespace faultline {

/// What a configuration file says.
struct Config {
  std::optional<std::string> control_listen;  ///< control.listen, HOST:PORT.
  std::vector<std::string>
      control_allowed_hosts;  ///< control.allowed_hosts, beyond the local ones.
  std::vector<std::string> control_allowed_origins;   ///< control.allowed_origins.
  std::optional<std::string> control_event_log;       ///< control.event_log, a path.
  std::optional<std::size_t> control_event_log_size;  ///< control.event_log_size, in bytes.
  Configured configured{};
};

/// Reads `path`: YAML in the shape of docs/configuration.md (`version: 1`), or
/// Toxiproxy's bare array of proxies, as JSON or YAML, with `toxics` honoured
/// in both. ${NAME} and ${NAME:-default} in values are taken from the environment;
/// "@FILE" as an attribute of samples is read from there, relative to the file's folder.
/// Errors: kInvalid, one line, "PATH:LINE:COLUMN: what is wrong; did you mean ...".
Result<Config> read_config_file(const std::string& path);

}  // namespace faultline
