// explain: what a configuration or a timeline would do, without doing it.

#include <memory>
#include <sstream>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/explanation.h"
#include "cli/timeline_source.h"
#include "control-api/timeline_presets.h"
#include "proxy/config_file.h"

namespace faultline {

namespace {

/// What the command is given.
struct ExplainArguments {
  std::string file;
  std::string zone;
  std::vector<std::string> with;
  std::string speed;
};

int refuse(const Invocation& invocation, const Error& error) {
  invocation.console.err << "faultline explain: " << printable(error.message) << '\n';
  return kExitUsage;
}

int explain_timeline(const Invocation& invocation, const ExplainArguments& given) {
  const auto source = timeline_source(given.file);
  if (!source) return refuse(invocation, source.error());
  const auto values = timeline_values(given.zone, given.with);
  if (!values) return refuse(invocation, values.error());
  const auto timeline = timeline_of(*source, *values, given.speed);
  if (!timeline) return refuse(invocation, timeline.error());
  std::istringstream words(in_words(*timeline));
  for (std::string line; std::getline(words, line);) {
    invocation.console.out << printable(line) << '\n';
  }
  return kExitOk;
}

int explain(const Invocation& invocation, const ExplainArguments& given) {
  const bool is_preset = find_timeline_preset(given.file) != nullptr;
  if (is_preset || is_timeline_file(given.file)) return explain_timeline(invocation, given);
  const auto config = read_config_file(given.file);
  if (!config) return refuse(invocation, config.error());
  invocation.console.out << explanation(config->configured);
  return kExitOk;
}

}  // namespace

void add_explain_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      add_command(root, {"explain"}, "Say in words what a configuration or a timeline would do",
                  "  faultline explain faultline.yaml\n"
                  "  faultline explain az-power-loss --zone b\n"
                  "  faultline explain game-day.yaml --speed 60x");
  const auto given = std::make_shared<ExplainArguments>();
  command
      .add_option("FILE", given->file,
                  "In YAML or Toxiproxy's JSON, or a timeline, or the name of a preset of `run`;\n"
                  "nothing of it is started")
      ->required()
      ->type_name("");
  add_timeline_options(command, given->zone, given->with, given->speed);
  set_action(command, invocation, [&invocation, given] { return explain(invocation, *given); });
}

}  // namespace faultline
