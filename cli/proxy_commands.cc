// list, inspect, create, delete, enable, disable, toggle, reset.

#include <algorithm>
#include <array>
#include <memory>

#include "cli/client_errors.h"
#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/inspect_view.h"
#include "cli/remote.h"
#include "cli/v1_proxies.h"
#include "cli/watch.h"
#include "proxy/address_check.h"

namespace faultline {

namespace {

/// What the commands of this file are given.
struct ProxyArguments {
  std::string name;
  std::string listen;
  std::string upstream;
  bool dry_run = false;
};

using ProxyAction = int (*)(const Invocation&, const Remote&, const ProxyArguments&);

void print_json(const Invocation& invocation, const std::string& json) {
  invocation.console.out << json << '\n';
}

// ---- list ------------------------------------------------------------------

/// Toxiproxy's CLI prints this for scripts.
void print_plain_list(const Console& console, const std::vector<RemoteProxy>& proxies) {
  for (const RemoteProxy& proxy : proxies) {
    console.out << printable(proxy.name) << '\t' << printable(proxy.listen) << '\t'
                << printable(proxy.upstream) << '\t' << (proxy.enabled ? "enabled" : "disabled")
                << '\t' << proxy.toxics.size() << '\n';
  }
}

void print_table(const Console& console, const std::vector<RemoteProxy>& proxies) {
  std::array<std::size_t, 3> widths = {4, 6, 8};
  for (const RemoteProxy& proxy : proxies) {
    widths[0] = std::max(widths[0], printable(proxy.name).size());
    widths[1] = std::max(widths[1], printable(proxy.listen).size());
    widths[2] = std::max(widths[2], printable(proxy.upstream).size());
  }
  console.out << console.bold(padded("Name", widths[0]) + "  " + padded("Listen", widths[1]) +
                              "  " + padded("Upstream", widths[2]) + "  Enabled   Toxics")
              << '\n';
  for (const RemoteProxy& proxy : proxies) {
    const std::string name = padded(printable(proxy.name), widths[0]);
    const std::string state = padded(proxy.enabled ? "enabled" : "disabled", 8);
    const std::string count = proxy.toxics.empty() ? "None" : std::to_string(proxy.toxics.size());
    console.out << (proxy.enabled ? console.green(name) : console.red(name)) << "  "
                << padded(printable(proxy.listen), widths[1]) << "  "
                << padded(printable(proxy.upstream), widths[2]) << "  "
                << (proxy.enabled ? state : console.red(state)) << "  "
                << (proxy.toxics.empty() ? console.dim(count) : console.yellow(count)) << '\n';
  }
}

int list(const Invocation& invocation, const Remote& remote, const ProxyArguments& /*none*/) {
  const Console& console = invocation.console;
  const auto all = remote.list();
  if (!all) return report(console, "Failed to retrieve proxies", all.error());
  if (wants_json(invocation)) {
    print_json(invocation, all->json);
  } else if (!console.is_terminal) {
    print_plain_list(console, all->proxies);
  } else if (all->proxies.empty()) {
    console.out << "no proxies\n\n" << console.dim("Hint: create one with `faultline create`\n");
  } else {
    print_table(console, all->proxies);
    console.out << '\n' << console.dim("Hint: inspect toxics with `faultline inspect NAME`\n");
  }
  return kExitOk;
}

// ---- inspect ---------------------------------------------------------------

int inspect(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  const Console& console = invocation.console;
  const auto proxy = remote.find(arguments.name);
  if (!proxy) {
    return report_for_proxy(console, remote, "Failed to retrieve proxy " + arguments.name,
                            arguments.name, proxy.error());
  }
  if (wants_json(invocation)) {
    print_json(invocation, proxy->json);
  } else {
    print_proxy(console, *proxy);
  }
  return kExitOk;
}

// ---- Changes ---------------------------------------------------------------

int create(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  for (const auto& [what, address] :
       {std::pair("--listen", &arguments.listen), std::pair("--upstream", &arguments.upstream)}) {
    if (auto checked = check_address(*address); !checked) {
      return usage_error(invocation, std::string(what) + ": " + checked.error().message);
    }
  }
  if (arguments.dry_run) {
    return try_to_create_proxy(invocation, arguments.name, arguments.listen, arguments.upstream);
  }
  const auto proxy = remote.create(arguments.name, arguments.listen, arguments.upstream);
  if (!proxy) return report(invocation.console, "Failed to create proxy", proxy.error());
  if (wants_json(invocation)) {
    print_json(invocation, proxy->json);
  } else {
    invocation.console.out << "Created new proxy " << printable(arguments.name) << '\n';
  }
  return kExitOk;
}

int remove(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  if (arguments.dry_run) return try_to_delete_proxy(invocation, arguments.name);
  if (auto removed = remote.remove(arguments.name); !removed) {
    return report_for_proxy(invocation.console, remote, "Failed to delete proxy " + arguments.name,
                            arguments.name, removed.error());
  }
  if (!wants_json(invocation)) {
    invocation.console.out << "Deleted proxy " << printable(arguments.name) << '\n';
  }
  return kExitOk;
}

int set_enabled(const Invocation& invocation, const Remote& remote, const std::string& name,
                bool enabled) {
  const auto proxy = remote.set_enabled(name, enabled);
  if (!proxy) {
    return report_for_proxy(invocation.console, remote, "Failed to update proxy " + name, name,
                            proxy.error());
  }
  if (wants_json(invocation)) {
    print_json(invocation, proxy->json);
  } else {
    invocation.console.out << "Proxy " << printable(name) << " is now "
                           << (enabled ? "enabled" : "disabled") << '\n';
  }
  return kExitOk;
}

int enable(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  if (arguments.dry_run) return try_to_enable_proxy(invocation, arguments.name, true);
  return set_enabled(invocation, remote, arguments.name, true);
}

int disable(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  if (arguments.dry_run) return try_to_enable_proxy(invocation, arguments.name, false);
  return set_enabled(invocation, remote, arguments.name, false);
}

int toggle(const Invocation& invocation, const Remote& remote, const ProxyArguments& arguments) {
  if (arguments.dry_run) return try_to_toggle_proxy(invocation, arguments.name);
  const auto proxy = remote.find(arguments.name);
  if (!proxy) {
    return report_for_proxy(invocation.console, remote,
                            "Failed to retrieve proxy " + arguments.name, arguments.name,
                            proxy.error());
  }
  return set_enabled(invocation, remote, arguments.name, !proxy->enabled);
}

int reset(const Invocation& invocation, const Remote& remote, const ProxyArguments& /*none*/) {
  if (auto done = remote.reset(); !done) {
    return report(invocation.console, "Failed to reset", done.error());
  }
  if (!wants_json(invocation)) {
    invocation.console.out << "All proxies are enabled and all toxics removed\n";
  }
  return kExitOk;
}

/// A command that gets a Remote; `arguments` live as long as the command.
void bind(CLI::App& command, Invocation& invocation,
          const std::shared_ptr<ProxyArguments>& arguments, ProxyAction action) {
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, arguments, action] {
    const auto remote = remote_at(invocation.url);
    if (!remote) return usage_error(invocation, "--host: " + remote.error().message);
    return show(invocation,
                [&](const Invocation& shown) { return action(shown, *remote, *arguments); });
  });
}

}  // namespace

void add_proxy_commands(CLI::App& root, Invocation& invocation) {
  const auto add = [&](const std::vector<std::string>& names, const std::string& summary,
                       ProxyAction action, const std::string& examples) {
    CLI::App& command = add_command(root, names, summary, examples);
    const auto arguments = std::make_shared<ProxyArguments>();
    const bool takes_name = action != list && action != reset;
    if (takes_name) {
      command.add_option("NAME", arguments->name, "The proxy's name")->required()->type_name("");
    }
    if (action == create) {
      command.add_option("-l,--listen", arguments->listen, "Where clients connect; port 0: any")
          ->required()
          ->type_name("HOST:PORT");
      command.add_option("-u,--upstream", arguments->upstream, "Where their connections go")
          ->required()
          ->type_name("HOST:PORT");
    }
    if (action == list || action == inspect) {
      add_watch_option(command, invocation);
    } else if (action != reset) {
      add_dry_run_option(command, arguments->dry_run);
    }
    bind(command, invocation, arguments, action);
  };
  add({"list", "l", "li", "ls"}, "List all proxies", list,
      "  faultline list\n  faultline list --watch\n  faultline list -o json | jq 'keys'");
  add({"inspect", "i", "ins"}, "Show a proxy and its toxics", inspect,
      "  faultline inspect redis\n  faultline inspect redis --watch=500ms");
  add({"create", "c", "new"}, "Create a proxy", create,
      "  faultline create redis -l 127.0.0.1:26379 -u 127.0.0.1:6379\n"
      "  faultline create db -l unix:/run/db.sock -u db.internal:5432");
  add({"delete", "d"}, "Delete a proxy and close its connections", remove,
      "  faultline delete redis\n  faultline delete redis --dry-run");
  add({"enable"}, "Let a proxy accept connections again", enable, "  faultline enable redis");
  add({"disable"}, "Close a proxy's connections and refuse new ones", disable,
      "  faultline disable redis");
  add({"toggle", "tog"}, "Enable a disabled proxy, disable an enabled one", toggle,
      "  faultline toggle redis");
  add({"reset"}, "Enable every proxy and remove every toxic", reset, "  faultline reset");
}

}  // namespace faultline
