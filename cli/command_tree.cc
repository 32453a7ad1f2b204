#include "cli/command_tree.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <memory>
#include <utility>

#include "cli/exit_codes.h"

namespace faultline {

namespace {

constexpr const char* kDefaultUrl = "http://localhost:8474";

/// $FAULTLINE_URL, else $TOXIPROXY_URL, else the default.
std::string url_from_environment() {
  for (const char* name : {"FAULTLINE_URL", "TOXIPROXY_URL"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return kDefaultUrl;
}

/// Examples stay as they are written, and one blank line stands before them.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    constexpr std::size_t kColumnWidth = 34;
    column_width(kColumnWidth);
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0 && !option->get_type_name().empty()) {
      text = " " + option->get_type_name();
    }
    if (option->get_required() && option->nonpositional()) text += " (required)";
    return text;
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    // Options that are left out leave an empty line.
    if (const auto gap = text.find("\n\n\n"); gap != std::string::npos) text.erase(gap, 1);
    return text;
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string text = CLI::Formatter::make_usage(app, std::move(name));
    if (app->get_prefix_command()) {
      text.insert(text.find_last_not_of('\n') + 1, " [--] COMMAND [ARGUMENT...]");
    }
    return text;
  }
};

}  // namespace

CLI::App& add_command(CLI::App& parent, const std::vector<std::string>& names,
                      const std::string& summary, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(names.front(), summary);
  for (std::size_t i = 1; i < names.size(); ++i) command->alias(names[i]);
  command->set_help_flag("--help", "Show this and exit");
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  return *command;
}

void add_client_options(CLI::App& command, Invocation& invocation) {
  invocation.url = url_from_environment();
  command
      .add_option("-h,--host", invocation.url,
                  "The control API, default " + std::string(kDefaultUrl) +
                      " (environment: FAULTLINE_URL, TOXIPROXY_URL)")
      ->type_name("URL");
  add_output_option(command, invocation);
}

void add_output_option(CLI::App& command, Invocation& invocation) {
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&invocation](const std::string& format) {
            if (format != "table" && format != "json") {
              throw CLI::ValidationError("--output", "`" + format + "` is neither table nor json");
            }
            invocation.output = format == "json" ? OutputFormat::kJson : OutputFormat::kTable;
          },
          "What to print (default table)")
      ->type_name("table|json");
}

void add_dry_run_option(CLI::App& command, bool& dry_run) {
  command.add_flag("--dry-run", dry_run, "Say what would be, and change nothing");
}

void add_verify_option(CLI::App& command, bool& verify, const std::string& description) {
  const bool is_default = verify;
  command.add_flag_callback(
      "--verify", [&verify] { verify = true; }, description + (is_default ? " (default)" : ""));
  command.add_flag_callback(
      "--no-verify", [&verify] { verify = false; },
      is_default ? "Leave that out" : "Leave that out (default)");
}

void add_repeated_option(CLI::App& command, const std::string& name,
                         std::vector<std::string>& target, const std::string& type,
                         const std::string& help) {
  command.add_option(name, target, help)
      ->type_name(type)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

int usage_error(const Invocation& invocation, const std::string& message) {
  invocation.console.err << "faultline: " << printable(message) << '\n';
  return kExitUsage;
}

void set_action(CLI::App& command, Invocation& invocation, std::function<int()> action) {
  command.callback([&invocation, action = std::move(action)] { invocation.action = action; });
}

std::unique_ptr<CLI::App> make_command_tree(Invocation& invocation) {
  auto root = std::make_unique<CLI::App>(
      "Faultline: a proxy between a service and what it depends on, that misbehaves on demand.",
      "faultline");
  root->formatter(std::make_shared<HelpFormatter>());
  root->set_help_flag("--help", "Show this and exit");
  root->set_version_flag("-v,--version", "faultline version " FAULTLINE_VERSION,
                         "Show the version and exit");
  root->require_subcommand(1);
  root->footer(
      "Start with `faultline demo`, or:\n"
      "  faultline serve --proxy redis=127.0.0.1:26379,127.0.0.1:6379\n"
      "  faultline toxic add redis latency 200ms --for 5m\n"
      "\n`faultline COMMAND --help` shows a command's options and examples. Called as\n"
      "toxiproxy-server or toxiproxy-cli, or as `faultline toxiproxy-server`, it takes\n"
      "Toxiproxy's own flags.");
  add_serve_command(*root, invocation);
  add_exec_command(*root, invocation);
  add_demo_command(*root, invocation);
  add_proxy_commands(*root, invocation);
  add_toxic_commands(*root, invocation);
  add_profile_commands(*root, invocation);
  add_zone_commands(*root, invocation);
  add_partition_commands(*root, invocation);
  add_v1_commands(*root, invocation);
  add_run_command(*root, invocation);
  add_top_command(*root, invocation);
  add_explain_command(*root, invocation);
  add_doctor_command(*root, invocation);
  add_version_command(*root, invocation);
  add_completion_command(*root, invocation);
  return root;
}

}  // namespace faultline
