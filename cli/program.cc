#include "cli/program.h"

#include <CLI/Error.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/toxiproxy_server.h"
#include "cli/word_order.h"

namespace faultline {

namespace {

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

/// Sets invocation.action, or returns the exit code.
std::optional<int> parse(CLI::App& tree, const std::vector<std::string>& arguments,
                         Invocation& invocation) {
  Console& console = invocation.console;
  auto ordered = order_words(tree, arguments);
  if (!ordered) {
    console.err << printable(ordered.error().message) << '\n';
    return kExitUsage;
  }
  std::reverse(ordered->words.begin(), ordered->words.end());  // As CLI11 wants them.
  try {
    invocation.rest = std::move(ordered->rest);
    tree.parse(std::move(ordered->words));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    console.out << tree.help();
    return kExitOk;
  } catch (const CLI::CallForVersion& version) {
    console.out << version.what() << '\n';
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    const std::string name = full_name(*ordered->command);
    console.err << name << ": " << printable(error.what()) << " (see `" << name << " --help`)\n";
    return kExitUsage;
  }
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, Console& console) {
  Invocation invocation(console);
  const std::unique_ptr<CLI::App> tree = make_command_tree(invocation);
  if (arguments.empty()) {
    console.err << tree->help();
    return kExitUsage;
  }
  if (const auto status = parse(*tree, arguments, invocation)) return *status;
  return invocation.action();
}

int run_program(int argc, char** argv) {
  const std::string name = argc > 0 ? base_name(argv[0]) : "faultline";
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (name == "toxiproxy-server" || name == "toxiproxy") {
    return run_toxiproxy_server(name, arguments);
  }
  if (!arguments.empty() && arguments.front() == "toxiproxy-server") {
    return run_toxiproxy_server("toxiproxy-server", {arguments.begin() + 1, arguments.end()});
  }
  Console console = process_console();
  const int status = run_command(arguments, console);
  console.out.flush();
  return status;
}

}  // namespace faultline
