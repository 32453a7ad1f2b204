#include <memory>
#include <optional>

#include "base/quantities.h"
#include "cli/command_tree.h"
#include "cli/demo.h"
#include "cli/exit_codes.h"

namespace faultline {

void add_demo_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      add_command(root, {"demo"}, "Show what Faultline does, with traffic of its own",
                  "  faultline demo\n  faultline demo --for 30s");
  const auto duration = std::make_shared<std::string>();
  command.add_option("--for", *duration, "End after this time (default: at Ctrl-C)")
      ->type_name("DURATION");
  set_action(command, invocation, [&invocation, duration] {
    std::optional<std::chrono::milliseconds> limit;
    if (!duration->empty()) {
      const auto parsed = parse_duration(*duration);
      if (!parsed) {
        invocation.console.err << "faultline demo: --for: " << printable(parsed.error().message)
                               << '\n';
        return kExitUsage;
      }
      limit = std::chrono::duration_cast<std::chrono::milliseconds>(*parsed);
    }
    return run_demo(invocation.console, limit);
  });
}

}  // namespace faultline
