#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "proxy/packet_filter.h"

namespace faultline {

namespace {

/// One thing that was looked at.
struct Finding {
  std::string name;
  bool is_well = false;
  std::string says;
};

Finding look_at_packet_filters() {
  const Result<void> probed = probe_packet_filters();
  if (probed) {
    return {"packet filters", true,
            "the kernel engine serves blackhole, packet_loss and mtu_blackhole"};
  }
  return {"packet filters", false,
          probed.error().message +
              "; blackhole and mtu_blackhole are served in user space, packet_loss by the model "
              "(CAP_NET_ADMIN may help)"};
}

/// Each connection needs two descriptors. The pipes that bulk goes through are few
/// beside that: at most 64 a worker.
Finding look_at_files() {
  constexpr rlim_t kPlenty = 20'000;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return {"open files", false, "unknown"};
  const std::string most = std::to_string(files.rlim_max);
  const std::string connections = std::to_string(files.rlim_max / 2);
  if (files.rlim_max >= kPlenty) {
    return {"open files", true, most + ": enough for " + connections + " connections"};
  }
  return {"open files", false,
          most + ": only " + connections + " connections; raise the hard limit (ulimit -Hn)"};
}

int doctor(const Invocation& invocation) {
  const std::vector<Finding> findings = {look_at_packet_filters(), look_at_files()};
  const Console& console = invocation.console;
  if (invocation.output == OutputFormat::kJson) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
      json.push_back({{"name", finding.name}, {"ok", finding.is_well}, {"says", finding.says}});
    }
    console.out << json.dump(2) << '\n';
    return kExitOk;
  }
  for (const Finding& finding : findings) {
    console.out << (finding.is_well ? "ok       " : console.yellow("limited  "))
                << console.bold(finding.name) << ": " << finding.says << '\n';
  }
  return kExitOk;
}

}  // namespace

void add_doctor_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      add_command(root, {"doctor"}, "Show what this machine lets Faultline do, as this user",
                  "  faultline doctor\n  sudo faultline doctor -o json");
  add_output_option(command, invocation);
  set_action(command, invocation, [&invocation] { return doctor(invocation); });
}

}  // namespace faultline
