#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/serve_options.h"

namespace faultline {

/// Runs as Toxiproxy's server: `arguments` (without the program's name) are
/// its flags. Returns the exit code.
int run_toxiproxy_server(const std::string& program, const std::vector<std::string>& arguments);

/// Serve as these flags of Toxiproxy's server say, which are -host, -port,
/// -config, -seed, -proxy-metrics and -runtime-metrics.
struct ToxiproxyFlags {
  std::string host = "localhost";
  std::string port = "8474";
  std::string config;
  std::string seed;
  bool proxy_metrics = false;
  bool runtime_metrics = false;
};

/// Errors: kInvalid for a seed that is no number.
Result<ServeOptions> serve_options_from(const ToxiproxyFlags& flags);

}  // namespace faultline
