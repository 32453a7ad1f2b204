// exec: its flags.

#include <unistd.h>

#include <charconv>
#include <memory>

#include "cli/command_tree.h"
#include "cli/exec.h"
#include "cli/exit_codes.h"

namespace faultline {

namespace {

/// The flags as written; "" is not given.
struct ExecArguments {
  std::string config;
  std::vector<std::string> proxies;
  std::vector<std::string> toxics;
  std::vector<std::string> environment;
  std::string seed;
  std::string log_level = "warn";
};

/// A proxy that listens where nobody else can reach it, unless a host says otherwise.
Result<ProxySpec> parse_private_proxy(const std::string& text) {
  auto proxy = parse_proxy_option(text);
  if (!proxy) return within("--proxy", proxy.error());
  if (proxy->listen.starts_with(':')) proxy->listen.insert(0, "127.0.0.1");
  return proxy;
}

Result<std::uint64_t> parse_seed(const std::string& text) {
  if (text.empty()) return random_seed();
  std::uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seed);
  if (parsed.ec == std::errc() && parsed.ptr == end) return seed;
  return fail(ErrorKind::kInvalid, "--seed: `" + text + "` is not a whole number");
}

Result<ServeOptions> private_server(const ExecArguments& arguments) {
  ServeOptions options;
  if (!arguments.config.empty()) options.config_path = arguments.config;
  for (const std::string& text : arguments.proxies) {
    auto proxy = parse_private_proxy(text);
    if (!proxy) return Fail(proxy.error());
    options.proxies.push_back(*std::move(proxy));
  }
  options.listen = "127.0.0.1:0";
  const auto seed = parse_seed(arguments.seed);
  if (!seed) return Fail(seed.error());
  options.seed = *seed;
  const auto level = parse_log_level(arguments.log_level);
  if (!level) return within("--log-level", level.error());
  options.log_level = *level;
  options.log_format = isatty(STDERR_FILENO) == 1 ? LogFormat::kText : LogFormat::kJson;
  return options;
}

Result<ExecOptions> exec_options_from(const ExecArguments& arguments,
                                      const std::vector<std::string>& command) {
  ExecOptions options;
  auto server = private_server(arguments);
  if (!server) return Fail(server.error());
  options.server = *std::move(server);
  for (const std::string& text : arguments.toxics) {
    auto toxic = parse_toxic_option(text);
    if (!toxic) return within("--toxic", toxic.error());
    options.toxics.push_back(*std::move(toxic));
  }
  for (const std::string& text : arguments.environment) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return fail(ErrorKind::kInvalid, "--env: `" + text +
                                           "` is not NAME=TEXT, for example "
                                           "REDIS_URL=redis://{redis}");
    }
    options.environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  if (command.empty()) {
    return fail(ErrorKind::kInvalid, "a command is missing: faultline exec [OPTION...] -- COMMAND");
  }
  options.command = command;
  return options;
}

}  // namespace

void add_exec_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(
      root, {"exec"}, "Run a program, such as a test suite, with a Faultline of its own",
      "  faultline exec --proxy redis=:0,127.0.0.1:6379 --toxic redis:latency=200ms \\\n"
      "    --env REDIS_URL=redis://{redis} -- pytest\n"
      "\nIn the TEXT of --env stand {NAME} for the address of a proxy, {NAME.host} and\n"
      "{NAME.port} for its parts, {api} for the control API's URL, {{ for a brace. FAULTLINE_URL\n"
      "and TOXIPROXY_URL are always set, so the program can change toxics with this command\n"
      "line or any Toxiproxy client. Signals are passed on. The exit status is the program's,\n"
      "128 + N if signal N killed it, 127 if there is no such program, 126 if it cannot be run,\n"
      "2 for wrong options, 3 if an address cannot be bound.");
  command.prefix_command();
  const auto arguments = std::make_shared<ExecArguments>();
  add_repeated_option(command, "--proxy", arguments->proxies, "NAME=LISTEN,UPSTREAM",
                      "A proxy, as often as needed. A LISTEN without a host is on 127.0.0.1, so\n"
                      "that :0 is a free port that only this machine can reach");
  add_repeated_option(command, "--toxic", arguments->toxics, "PROXY:TYPE=VALUE[,NAME=VALUE...]",
                      "A toxic to start with, as often as needed. VALUE is its first attribute;\n"
                      "others follow, and name, stream, toxicity, client, pulse, ...");
  add_repeated_option(command, "--env", arguments->environment, "NAME=TEXT",
                      "A variable of the program's environment, as often as needed");
  command.add_option("--config", arguments->config, "Proxies and toxics from a file")
      ->type_name("FILE");
  command
      .add_option("--seed", arguments->seed,
                  "Repeats the random choices of an earlier run (default: a new one)")
      ->type_name("NUMBER");
  command
      .add_option("--log-level", arguments->log_level,
                  "trace, debug, info, warn, error or off, on stderr (default warn)")
      ->type_name("LEVEL");
  set_action(command, invocation, [&invocation, arguments] {
    const auto options = exec_options_from(*arguments, invocation.rest);
    if (!options) {
      invocation.console.err << "faultline exec: " << printable(options.error().message) << '\n';
      return kExitUsage;
    }
    return run_exec(*options, invocation.console);
  });
}

}  // namespace faultline
