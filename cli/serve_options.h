#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control-api/metrics.h"
#include "control-api/v1_call.h"
#include "proxy/spec.h"
#include "proxy/workers.h"

namespace faultline {

/// What a server is told by its flags and environment.
struct ServeOptions {
  std::optional<std::string> config_path;
  std::vector<ProxySpec> proxies;  ///< In addition to those of the file.
  std::optional<std::string>
      listen;  ///< Control API, HOST:PORT. Else the file's, else the default.
  std::optional<std::vector<std::string>> allowed_hosts;    ///< Else the file's.
  std::optional<std::vector<std::string>> allowed_origins;  ///< Else the file's.
  std::uint64_t seed = 0;
  Workers::Options workers;
  std::optional<std::string> event_log;        ///< Its path. Else the file's, else none.
  std::optional<std::size_t> event_log_bytes;  ///< Then it is rotated. Else the file's.
  bool may_filter_packets = true;  ///< If the kernel lets us: see probe_packet_filters().
  Metrics::Groups metrics;
  V1Settings v1{};
  std::optional<Duration> toxiproxy_ttl;  ///< Of the toxics of Toxiproxy's API; empty: none.
  /// Where a halt and the last state are kept. Without it: the user's own folder for such, see
  /// state_file().
  std::optional<std::string> state_dir;
  bool restores = false;  ///< The proxies and toxics of the last run come back.
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(5);
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kJson;
};

inline constexpr std::string_view kDefaultListen = "127.0.0.1:8474";

/// NAME=LISTEN,UPSTREAM, e.g. "redis=127.0.0.1:26379,127.0.0.1:6379". Errors:
/// kInvalid, saying what was probably meant.
Result<ProxySpec> parse_proxy_option(std::string_view text);

/// The file that keeps `what`, "halt", of a server whose API is to listen on `listen`: in
/// `state_dir`, else in $STATE_DIRECTORY (systemd's), $XDG_STATE_HOME/faultline or
/// ~/.local/state/faultline, with the address in its name. "" if there is no such folder, or
/// the port is any free one and nobody could find the file again.
std::string state_file(const std::string& what, const std::optional<std::string>& state_dir,
                       const std::string& listen);

/// A seed nobody chose.
std::uint64_t random_seed();

/// $LOG_LEVEL, if it is set to a level; else `fallback`.
LogLevel log_level_from_environment(LogLevel fallback);

}  // namespace faultline
