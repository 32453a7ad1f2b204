// serve: its flags, and the environment that mirrors them.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "base/quantities.h"
#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/serve.h"
#include "cli/serve_options.h"
#include "proxy/address_check.h"

namespace faultline {

namespace {

/// The flags as written; "" is not given.
struct ServeArguments {
  std::string config;
  std::vector<std::string> proxies;
  std::string listen;
  std::string seed;
  std::string workers;
  std::string memory_limit;
  std::string link_window;
  std::string io_uring;
  std::string packet_filters;
  std::string log_level;
  std::string log_format;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  std::string drain_timeout;
  std::string state_dir;
  bool restores = false;
  std::string toxiproxy_ttl;
  std::string default_ttl;
  std::string max_ttl;
  std::string no_ttl;
  std::string event_log;
  std::string event_log_size;
};

/// The list of a flag that can be repeated, else the one in the environment,
/// where blanks stand between the entries.
std::vector<std::string> or_environment(std::vector<std::string> given, const char* variable) {
  const char* text = std::getenv(variable);
  if (!given.empty() || text == nullptr) return given;
  std::istringstream words(text);
  for (std::string word; words >> word;) given.push_back(word);
  return given;
}

Result<std::uint64_t> parse_count(const std::string& text, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number > most) {
    return fail(ErrorKind::kInvalid,
                "`" + text + "` is not a whole number from 0 to " + std::to_string(most));
  }
  return number;
}

/// Stores `parsed` in `target`, or keeps the first error.
template <class T, class Target>
void store(const char* flag, Result<T> parsed, Target& target, std::optional<Error>& error) {
  if (parsed) {
    target = *std::move(parsed);
  } else if (!error) {
    error = within(flag, parsed.error()).value();
  }
}

Result<LogFormat> parse_log_format(const std::string& text) {
  if (text == "json") return LogFormat::kJson;
  if (text == "text") return LogFormat::kText;
  return fail(ErrorKind::kInvalid, "`" + text + "` is neither json nor text");
}

Result<bool> parse_auto_or_off(const std::string& text) {
  if (text == "auto") return true;
  if (text == "off") return false;
  return fail(ErrorKind::kInvalid, "`" + text + "` is neither auto nor off");
}

Result<std::string> parse_listen(const std::string& text) {
  if (auto checked = check_address(text); !checked) return Fail(checked.error());
  return text;
}

/// How long a toxic of the API may stay.
Result<std::chrono::nanoseconds> parse_ttl(const std::string& text) {
  auto ttl = parse_duration(text);
  if (ttl && *ttl < std::chrono::milliseconds(1)) {
    return fail(ErrorKind::kInvalid, "`" + text + "` is less than 1ms");
  }
  return ttl;
}

Result<bool> parse_no_ttl(const std::string& text) {
  if (text == "allow") return true;
  if (text == "refuse") return false;
  return fail(ErrorKind::kInvalid, "`" + text + "` is neither allow nor refuse");
}

/// What one direction of a connection may hold. Less than one read would hold up everything.
Result<std::size_t> parse_window(const std::string& text) {
  constexpr std::size_t kLeast = 64 * 1024;
  auto window = parse_size(text);
  if (window && *window < kLeast) {
    return fail(ErrorKind::kInvalid, "`" + text + "` is less than 64KiB");
  }
  return window;
}

Result<std::size_t> parse_event_log_size(const std::string& text) {
  auto size = parse_size(text);
  if (size && *size == 0) return fail(ErrorKind::kInvalid, "it must be more than 0");
  return size;
}

Result<ServeOptions> serve_options_from(const ServeArguments& arguments) {
  constexpr std::uint64_t kMostWorkers = 1024;
  ServeOptions options;
  std::optional<Error> error;
  if (!arguments.config.empty()) options.config_path = arguments.config;
  for (const std::string& text : or_environment(arguments.proxies, "FAULTLINE_PROXY")) {
    auto proxy = parse_proxy_option(text);
    if (!proxy) return within("--proxy", proxy.error());
    options.proxies.push_back(*std::move(proxy));
  }
  if (!arguments.listen.empty()) {
    store("--listen", parse_listen(arguments.listen), options.listen, error);
  }
  if (!arguments.state_dir.empty()) options.state_dir = arguments.state_dir;
  options.restores = arguments.restores;
  options.seed = random_seed();
  if (!arguments.seed.empty()) {
    store("--seed", parse_count(arguments.seed, UINT64_MAX), options.seed, error);
  }
  if (!arguments.workers.empty()) {
    store("--workers", parse_count(arguments.workers, kMostWorkers), options.workers.count, error);
  }
  if (!arguments.memory_limit.empty()) {
    store("--memory-limit", parse_size(arguments.memory_limit), options.workers.memory_limit_bytes,
          error);
  }
  if (!arguments.link_window.empty()) {
    store("--link-window", parse_window(arguments.link_window), options.workers.link_window_bytes,
          error);
  }
  if (!arguments.io_uring.empty()) {
    store("--io-uring", parse_auto_or_off(arguments.io_uring), options.workers.may_batch_calls,
          error);
  }
  if (!arguments.packet_filters.empty()) {
    store("--packet-filters", parse_auto_or_off(arguments.packet_filters),
          options.may_filter_packets, error);
  }
  if (!arguments.drain_timeout.empty()) {
    store("--drain-timeout", parse_duration(arguments.drain_timeout), options.drain_timeout, error);
  }
  if (!arguments.max_ttl.empty()) {
    store("--max-ttl", parse_ttl(arguments.max_ttl), options.v1.max_ttl, error);
    options.v1.default_ttl = std::min(options.v1.default_ttl, options.v1.max_ttl);
  }
  if (!arguments.default_ttl.empty()) {
    store("--default-ttl", parse_ttl(arguments.default_ttl), options.v1.default_ttl, error);
  }
  if (!error && options.v1.default_ttl > options.v1.max_ttl) {
    return fail(ErrorKind::kInvalid, "--default-ttl: " + duration_text(options.v1.default_ttl) +
                                         " is more than --max-ttl, " +
                                         duration_text(options.v1.max_ttl));
  }
  if (!arguments.no_ttl.empty()) {
    store("--no-ttl", parse_no_ttl(arguments.no_ttl), options.v1.may_have_no_end, error);
  }
  if (!arguments.toxiproxy_ttl.empty()) {
    store("--toxiproxy-ttl", parse_ttl(arguments.toxiproxy_ttl), options.toxiproxy_ttl, error);
  }
  if (!arguments.event_log.empty()) options.event_log = arguments.event_log;
  if (!arguments.event_log_size.empty()) {
    store("--event-log-size", parse_event_log_size(arguments.event_log_size),
          options.event_log_bytes, error);
  }
  options.log_level = log_level_from_environment(LogLevel::kInfo);
  if (!arguments.log_level.empty()) {
    store("--log-level", parse_log_level(arguments.log_level), options.log_level, error);
  }
  options.log_format = isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
  if (!arguments.log_format.empty()) {
    store("--log-format", parse_log_format(arguments.log_format), options.log_format, error);
  }
  if (error) return Fail(*error);
  auto hosts = or_environment(arguments.allowed_hosts, "FAULTLINE_ALLOW_HOST");
  auto origins = or_environment(arguments.allowed_origins, "FAULTLINE_ALLOW_ORIGIN");
  if (!hosts.empty()) options.allowed_hosts = std::move(hosts);
  if (!origins.empty()) options.allowed_origins = std::move(origins);
  return options;
}

void add_flag(CLI::App& command, const std::string& name, std::string& target,
              const std::string& type, const std::string& help) {
  std::string variable = "FAULTLINE_" + name;
  std::replace(variable.begin(), variable.end(), '-', '_');
  std::transform(variable.begin(), variable.end(), variable.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  command.add_option("--" + name, target, help)->envname(variable)->type_name(type);
}

}  // namespace

void add_serve_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(
      root, {"serve"}, "Run the proxy server",
      "  faultline serve --proxy redis=127.0.0.1:26379,127.0.0.1:6379\n"
      "  faultline serve --config faultline.yaml\n"
      "\nEvery option can also come from the environment: --log-level is FAULTLINE_LOG_LEVEL\n"
      "(or LOG_LEVEL), a list has blanks between its entries. Signals: SIGHUP reads the file\n"
      "again, SIGUSR1 removes every partition and toxic, SIGTERM ends after open connections\n"
      "fell silent.");
  const auto arguments = std::make_shared<ServeArguments>();
  add_flag(command, "config", arguments->config, "FILE",
           "Proxies and toxics, in YAML or Toxiproxy's JSON");
  add_repeated_option(command, "--proxy", arguments->proxies, "NAME=LISTEN,UPSTREAM",
                      "A proxy to start with, as often as needed");
  add_flag(command, "listen", arguments->listen, "HOST:PORT",
           "The control API (default 127.0.0.1:8474)");
  add_flag(command, "seed", arguments->seed, "NUMBER",
           "Repeats the random choices of an earlier run (default: a new one)");
  add_flag(command, "workers", arguments->workers, "NUMBER",
           "Threads that move bytes (default 0: one per core)");
  add_flag(command, "memory-limit", arguments->memory_limit, "SIZE",
           "What toxics may hold back, in all (default 1GiB)");
  add_flag(command, "link-window", arguments->link_window, "SIZE",
           "... and on one direction of a connection: 16MiB (the default) carry\n"
           "1.6 GB/s under a latency of 10 ms, 160 MB/s under 100 ms");
  add_flag(command, "io-uring", arguments->io_uring, "auto|off",
           "Batch the calls of busy turns where the kernel allows it (default auto)");
  add_flag(command, "packet-filters", arguments->packet_filters, "auto|off",
           "Whether the kernel may drop packets for toxics like blackhole, if it lets us");
  add_flag(command, "log-level", arguments->log_level, "LEVEL",
           "trace, debug, info, warn, error or off (default info)");
  add_flag(command, "log-format", arguments->log_format, "json|text",
           "(default text on a terminal, else json)");
  add_repeated_option(command, "--allow-host", arguments->allowed_hosts, "NAME",
                      "A further name the API may be called by; * is any");
  add_repeated_option(command, "--allow-origin", arguments->allowed_origins, "ORIGIN",
                      "A web page's origin that may call the API; * is any");
  add_flag(command, "drain-timeout", arguments->drain_timeout, "DURATION",
           "How long SIGTERM waits for open connections (default 5s)");
  add_flag(command, "state-dir", arguments->state_dir, "DIR",
           "Where a halt is kept, so that it outlives the server, and what --restore\n"
           "brings back (default $STATE_DIRECTORY, or ~/.local/state/faultline)");
  command
      .add_flag("--restore", arguments->restores,
                "Begin with the proxies and toxics that the last run had at its end, beside\n"
                "those of the configuration; without it none comes back")
      ->envname("FAULTLINE_RESTORE");
  add_flag(command, "default-ttl", arguments->default_ttl, "DURATION",
           "How long a toxic made over /v1 stays, if it does not say (default 10m)");
  add_flag(command, "max-ttl", arguments->max_ttl, "DURATION", "... and at the most (default 2h)");
  add_flag(command, "no-ttl", arguments->no_ttl, "allow|refuse",
           "Whether one may stay for good: \"ttl\": \"none\" (default refuse)");
  add_flag(command, "toxiproxy-ttl", arguments->toxiproxy_ttl, "DURATION",
           "How long a toxic made over Toxiproxy's API stays (default: for good)");
  add_flag(command, "event-log", arguments->event_log, "FILE",
           "Every change of proxies and toxics, as lines of JSON (default: none)");
  add_flag(command, "event-log-size", arguments->event_log_size, "SIZE",
           "Then it becomes FILE.1, and so on to FILE.5 (default 100MB)");
  set_action(command, invocation, [&invocation, arguments] {
    const auto options = serve_options_from(*arguments);
    if (!options) {
      invocation.console.err << "faultline serve: " << printable(options.error().message) << '\n';
      return kExitUsage;
    }
    return serve(*options);
  });
}

}  // namespace faultline
