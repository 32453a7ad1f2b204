// explain: what a configuration would do, without doing it.

#include <memory>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/explanation.h"
#include "proxy/config_file.h"

namespace faultline {

void add_explain_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(root, {"explain"}, "Say in words what a configuration would do",
                                  "  faultline explain faultline.yaml");
  const auto file = std::make_shared<std::string>();
  command.add_option("FILE", *file, "In YAML or Toxiproxy's JSON; nothing of it is started")
      ->required()
      ->type_name("");
  set_action(command, invocation, [&invocation, file] {
    const auto config = read_config_file(*file);
    if (!config) {
      invocation.console.err << "faultline explain: " << printable(config.error().message) << '\n';
      return kExitUsage;
    }
    invocation.console.out << explanation(config->configured);
    return kExitOk;
  });
}

}  // namespace faultline
