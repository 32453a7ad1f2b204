// The proxies that can be started side by side, each as its users would set it
// up: one TCP listener, one upstream, no logs, as many workers as the others.

#include <unistd.h>

#include <algorithm>
#include <string>

#include "bench/contender.h"

namespace faultline::bench {

namespace {

using Ports = LaunchedProxy::Ports;

constexpr const char* kNginxStreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
constexpr std::size_t kSpareFiles = 256;  // Beyond those of connections.
constexpr std::size_t kMostConnections = 10'000;
constexpr std::size_t kMostProcessesEach = 256;  // Of a proxy that forks for each connection.

std::string address(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

/// How many connections a proxy is to take that opens `files_each` for one. No
/// more than workloads open: what a proxy sets aside for the rest at its start
/// would count as its memory.
std::size_t connections_for(const LaunchSettings& settings, double files_each) {
  const std::size_t files = std::max(settings.most_open_files, 2 * kSpareFiles) - kSpareFiles;
  return std::min(kMostConnections,
                  static_cast<std::size_t>(static_cast<double>(files) / files_each));
}

Result<Command> faultline_command(const LaunchSettings& settings, const Ports& ports) {
  Command command{settings.faultline_binary,
                  {"serve", "--listen", "127.0.0.1:0", "--log-level", "info", "--log-format",
                   "json", "--workers", std::to_string(settings.workers), "--proxy",
                   "bench=" + address(ports.listen) + "," + address(ports.origin)}};
  command.arguments.insert(command.arguments.end(), settings.faultline_arguments.begin(),
                           settings.faultline_arguments.end());
  return command;
}

Result<Command> nginx_command(const LaunchSettings& settings, const Ports& ports) {
  const std::string folder = settings.folder + "/nginx";
  std::string text;
  if (access(kNginxStreamModule, R_OK) == 0) {
    text += std::string("load_module ") + kNginxStreamModule + ";\n";
  } else if (!find_program("nginx").empty()) {
    return fail(ErrorKind::kNotFound, "the package libnginx-mod-stream is not installed");
  }
  // A master process is there to watch workers: with one there is nothing to share.
  text += "daemon off;\nmaster_process " + std::string(settings.workers > 1 ? "on" : "off") + ";\n";
  text += "worker_processes " + std::to_string(settings.workers) + ";\n";
  text += "pid " + folder + ".pid;\nerror_log stderr error;\n";
  if (geteuid() == 0) text += "user root;\n";
  const std::size_t both_sides = 2 * connections_for(settings, 2) + kSpareFiles;
  text += "events { worker_connections " + std::to_string(both_sides) + "; }\n";
  text += "stream {\n  server {\n    listen " + address(ports.listen) + " backlog=4096;\n";
  text += "    proxy_pass " + address(ports.origin) + ";\n  }\n}\n";
  if (!write_file(folder + ".conf", text)) {
    return fail(ErrorKind::kNetwork, "cannot write " + folder + ".conf");
  }
  return Command{"nginx", {"-e", "stderr", "-p", settings.folder, "-c", folder + ".conf"}};
}

struct HaproxySettings {
  std::string name;
  std::string options;    ///< Lines of its `defaults`.
  double files_each = 2;  ///< For one connection.
};

Result<Command> haproxy_with(const HaproxySettings& haproxy, const LaunchSettings& settings,
                             const Ports& ports) {
  const std::string path = settings.folder + "/" + haproxy.name + ".cfg";
  const std::string most = std::to_string(connections_for(settings, haproxy.files_each));
  std::string text = "global\n  nbthread " + std::to_string(settings.workers) + "\n";
  text += "  maxconn " + most + "\n";
  text += "defaults\n  mode tcp\n  maxconn " + most + "\n  backlog 4096\n" + haproxy.options;
  text += "  timeout connect 10s\n  timeout client 1h\n  timeout server 1h\n";
  text += "listen bench\n  bind " + address(ports.listen) + "\n";
  text += "  server origin " + address(ports.origin) + "\n";
  if (!write_file(path, text)) return fail(ErrorKind::kNetwork, "cannot write " + path);
  return Command{"haproxy", {"-db", "-f", path}};
}

Result<Command> haproxy_command(const LaunchSettings& settings, const Ports& ports) {
  return haproxy_with({.name = "haproxy", .options = ""}, settings, ports);
}

Result<Command> haproxy_splice_command(const LaunchSettings& settings, const Ports& ports) {
  // It sets aside a pipe, two files more, for each fourth connection (its `maxpipes`).
  return haproxy_with(
      {.name = "haproxy-splice", .options = "  option splice-auto\n", .files_each = 2.5}, settings,
      ports);
}

Result<Command> socat_command(const LaunchSettings&, const Ports& ports) {
  return Command{"socat",
                 {"TCP4-LISTEN:" + std::to_string(ports.listen) +
                      ",bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=1024",
                  "TCP4:" + address(ports.origin) + ",nodelay"}};
}

}  // namespace

const std::vector<LaunchedProxy::Kind>& LaunchedProxy::kinds() {
  static const std::vector<Kind> all = {
      {"faultline", faultline_command, SIZE_MAX},
      {"nginx", nginx_command, SIZE_MAX},
      {"haproxy", haproxy_command, SIZE_MAX},
      {"socat", socat_command, kMostProcessesEach},
      {"haproxy-splice", haproxy_splice_command, SIZE_MAX},
  };
  return all;
}

}  // namespace faultline::bench
