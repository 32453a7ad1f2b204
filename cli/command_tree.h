#pragma once

#include <CLI/App.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"

namespace faultline {

enum class OutputFormat { kTable, kJson };

/// One command line: what all commands share, and what the one that was named will do.
struct Invocation {
  explicit Invocation(Console& where) : console(where) {}

  Console& console;
  std::string url;
  OutputFormat output = OutputFormat::kTable;
  std::vector<std::string> rest;  ///< For a command that runs another program: its words.
  std::optional<std::chrono::milliseconds> watch;  ///< How often to show it again; never.
  std::function<int()> action;                     ///< Set by parsing; returns the exit code.
};

/// For scripts, not for people.
inline bool wants_json(const Invocation& invocation) {
  return invocation.output == OutputFormat::kJson;
}

/// The `faultline` command with all its subcommands. Parsing it sets
/// `invocation`, which must outlive it.
std::unique_ptr<CLI::App> make_command_tree(Invocation& invocation);

/// For the files that make the commands: a subcommand of `parent`. `names` is
/// its name and its aliases, `examples` what follows the options in its help.
CLI::App& add_command(CLI::App& parent, const std::vector<std::string>& names,
                      const std::string& summary, const std::string& examples);

/// --output, for commands that ask no server.
void add_output_option(CLI::App& command, Invocation& invocation);

/// --host and --output, which every client command has.
void add_client_options(CLI::App& command, Invocation& invocation);

/// --dry-run, for commands that can be tried. `dry_run` outlives the command.
void add_dry_run_option(CLI::App& command, bool& dry_run);

/// --verify and --no-verify. `verify` outlives the command, and holds what is the default.
void add_verify_option(CLI::App& command, bool& verify, const std::string& description);

/// An option that is given as often as needed, with one value each time. `target` outlives the
/// command.
void add_repeated_option(CLI::App& command, const std::string& name,
                         std::vector<std::string>& target, const std::string& type,
                         const std::string& help);

/// --zone, --with and --speed, for commands that are given a timeline. The targets outlive it.
void add_timeline_options(CLI::App& command, std::string& zone, std::vector<std::string>& with,
                          std::string& speed);

/// Says on stderr what is wrong with an argument; returns the exit code for it.
int usage_error(const Invocation& invocation, const std::string& message);

/// Makes `action` what `command` does.
void set_action(CLI::App& command, Invocation& invocation, std::function<int()> action);

// One for each file of commands.
void add_proxy_commands(CLI::App& root, Invocation& invocation);
void add_toxic_commands(CLI::App& root, Invocation& invocation);
void add_profile_commands(CLI::App& root, Invocation& invocation);
void add_v1_commands(CLI::App& root, Invocation& invocation);
void add_zone_commands(CLI::App& root, Invocation& invocation);
void add_partition_commands(CLI::App& root, Invocation& invocation);
void add_run_command(CLI::App& root, Invocation& invocation);
void add_top_command(CLI::App& root, Invocation& invocation);
void add_serve_command(CLI::App& root, Invocation& invocation);
void add_demo_command(CLI::App& root, Invocation& invocation);
void add_exec_command(CLI::App& root, Invocation& invocation);
void add_explain_command(CLI::App& root, Invocation& invocation);
void add_doctor_command(CLI::App& root, Invocation& invocation);
void add_version_command(CLI::App& root, Invocation& invocation);
void add_completion_command(CLI::App& root, Invocation& invocation);

}  // namespace faultline
