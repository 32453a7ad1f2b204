#include "cli/toxiproxy_server.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "cli/exit_codes.h"
#include "cli/go_flags.h"
#include "cli/serve.h"

namespace faultline {

namespace {

/// The Toxiproxy whose behaviour this is.
constexpr const char* kToxiproxyVersion = "2.12.0";

std::string join_host_port(const std::string& host, const std::string& port) {
  const bool is_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

}  // namespace

Result<ServeOptions> serve_options_from(const ToxiproxyFlags& flags) {
  ServeOptions options;
  options.listen = join_host_port(flags.host, flags.port);
  if (!flags.config.empty()) options.config_path = flags.config;
  options.seed = random_seed();
  if (!flags.seed.empty()) {
    std::int64_t seed = 0;
    const char* const end = flags.seed.data() + flags.seed.size();
    const auto parsed = std::from_chars(flags.seed.data(), end, seed);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
      return fail(ErrorKind::kInvalid, "invalid value \"" + flags.seed + "\" for flag -seed");
    }
    options.seed = static_cast<std::uint64_t>(seed);
  }
  options.metrics = {.faultline = flags.proxy_metrics,
                     .toxiproxy = flags.proxy_metrics,
                     .process = flags.runtime_metrics};
  options.log_level = log_level_from_environment(LogLevel::kInfo);
  options.log_format = LogFormat::kJson;
  return options;
}

int run_toxiproxy_server(const std::string& program, const std::vector<std::string>& arguments) {
  ToxiproxyFlags values;
  bool version = false;
  const std::vector<GoFlag> flags = {
      {"config", &values.config, "JSON file containing proxies to create on startup"},
      {"host", &values.host, "Host for toxiproxy's API to listen on (default \"localhost\")"},
      {"port", &values.port, "Port for toxiproxy's API to listen on (default \"8474\")"},
      {"proxy-metrics", &values.proxy_metrics,
       "enable toxiproxy-specific prometheus metrics (default false)"},
      {"runtime-metrics", &values.runtime_metrics,
       "enable runtime-related prometheus metrics (default false)"},
      {"seed", &values.seed, "Seed for randomizing toxics with"},
      {"version", &version, "print the version (default false)"},
  };
  const auto parsed = parse_go_flags(arguments, flags);
  if (!parsed) {
    const bool help = parsed.error().message == kGoHelpRequested;
    if (!help) std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
    std::fputs(go_usage(program, flags).c_str(), stderr);
    return help ? kExitOk : kExitUsage;
  }
  if (version) {
    std::printf("toxiproxy-server version %s\n", kToxiproxyVersion);
    return kExitOk;
  }
  const auto options = serve_options_from(values);
  if (!options) {
    std::fprintf(stderr, "%s\n", options.error().message.c_str());
    return kExitUsage;
  }
  return serve(*options);
}

}  // namespace faultline
