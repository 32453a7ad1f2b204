#include <nlohmann/json.hpp>

#include "cli/client_errors.h"
#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/remote.h"

namespace faultline {

namespace {

/// Works without a server too: it then says so.
int version(const Invocation& invocation) {
  const auto remote = remote_at(invocation.url);
  const Result<std::string> server = remote ? remote->version() : Fail(remote.error());
  const Console& console = invocation.console;
  if (invocation.output == OutputFormat::kJson) {
    console.out << R"({"client": ")" FAULTLINE_VERSION R"(", "server": )"
                << (server ? nlohmann::json(*server).dump() : "null") << "}\n";
    return kExitOk;
  }
  console.out << "client: faultline " FAULTLINE_VERSION "\nserver: "
              << (server ? printable(*server) + " at " + invocation.url
                         : "none at " + invocation.url)
              << '\n';
  return kExitOk;
}

}  // namespace

void add_version_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(root, {"version"}, "Show this program's version and the server's",
                                  "  faultline version");
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation] { return version(invocation); });
}

}  // namespace faultline
