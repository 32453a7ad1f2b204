// zone list, which, cut, heal; matrix.

#include <memory>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/matrix_view.h"
#include "cli/matrix_watch.h"
#include "cli/partition_actions.h"
#include "cli/partition_request.h"
#include "cli/table.h"
#include "cli/v1_action.h"
#include "cli/watch.h"
#include "zones/zone_map.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// "a, b" of the list at `key`; "none" if it is empty.
std::string joined_at(const Json& object, const char* key) {
  std::string text;
  for (const Json& one : object.value(key, Json::array())) {
    text += (text.empty() ? "" : ", ") + printable(one.get<std::string>());
  }
  return text.empty() ? "none" : text;
}

/// Every zone with its proxies, by name.
Result<std::vector<Json>> zones_of(const V1Remote& remote) {
  const auto list = remote.call("GET", "/v1/zones");
  if (!list) return Fail(list.error());
  std::vector<Json> zones;
  for (const Json& zone : list->value("zones", Json::array())) {
    auto whole = remote.call("GET", "/v1/zones/" + path_segment(zone.value("name", "")));
    if (!whole) return Fail(whole.error());
    zones.push_back(*std::move(whole));
  }
  return zones;
}

int list_zones(const Invocation& invocation, const V1Remote& remote) {
  const auto zones = zones_of(remote);
  if (!zones) return report_v1(invocation, zones.error(), "Failed to list zones");
  const Console& console = invocation.console;
  if (wants_json(invocation)) {
    print_indented(invocation, {{"zones", *zones}});
    return kExitOk;
  }
  if (zones->empty() && console.is_terminal) {
    console.out << "no zones\n\n"
                << console.dim("Hint: `zones` in a configuration or PUT /v1/zones names them\n");
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& zone : *zones) {
    rows.push_back({text_at(zone, "name"), joined_at(zone, "cidrs"), joined_at(zone, "proxies")});
  }
  print_table(console, {"Zone", "CIDRs", "Proxies"}, rows);
  return kExitOk;
}

int which_zone(const Invocation& invocation, const V1Remote& remote, const std::string& address) {
  const std::string what = "Failed to find a zone";
  const auto place = remote.call("GET", "/v1/which" + query_of({{"address", address}}));
  if (!place) return report_v1(invocation, place.error(), what);
  if (wants_json(invocation)) {
    print_indented(invocation, *place);
    return kExitOk;
  }
  std::ostream& out = invocation.console.out;
  const std::string zone = text_at(*place, "zone");
  if (zone != kNoZoneName) {
    out << text_at(*place, "address") << " is in zone " << zone << ", by "
        << text_at(*place, "cidr") << "; its proxies: " << joined_at(*place, "proxies") << '\n';
    return kExitOk;
  }
  const auto zones = remote.call("GET", "/v1/zones");
  if (!zones) return report_v1(invocation, zones.error(), what);
  out << text_at(*place, "address") << " is in no zone; ";
  std::string there;
  for (const Json& one : zones->value("zones", Json::array())) {
    there +=
        (there.empty() ? "" : "; ") + text_at(one, "name") + " (" + joined_at(one, "cidrs") + ")";
  }
  out << (there.empty() ? "there are no zones" : "there are: " + there) << '\n';
  return kExitOk;
}

int show_matrix(const Invocation& invocation, const V1Remote& remote) {
  if (invocation.watch) return MatrixWatch(invocation, remote).run().status;
  if (wants_json(invocation)) {
    const auto answer = remote.call("GET", "/v1/matrix");
    if (!answer) return report_v1(invocation, answer.error());
    print_indented(invocation, *answer);
    return kExitOk;
  }
  const auto model = look_at_matrix(remote);
  if (!model) return report_v1(invocation, model.error());
  for (const std::string& line : matrix_lines(*model, 0, invocation.console)) {
    invocation.console.out << line << '\n';
  }
  return kExitOk;
}

void add_zone_word(CLI::App& command, std::string& zone) {
  command.add_option("ZONE", zone, "The zone's name")->required()->type_name("");
}

void add_cut(CLI::App& zone, Invocation& invocation) {
  CLI::App& command = add_command(
      zone, {"cut"}, "Cut a zone from everything else: open connections and new, both ways",
      "  faultline zone cut b                      # packets vanish; heals by itself in 10m\n"
      "  faultline zone cut b --ttl 10m --mode reset --reason 'game day'\n"
      "  faultline zone cut b --one-way in         # what b sends still arrives\n"
      "  faultline zone cut b --flap 5s/20s --connections 30%\n"
      "  faultline zone cut b --mode lossy --loss 15% --one-way out\n"
      "  faultline zone cut b --ttl 1m --watch     # the matrix, then what it has proved\n"
      "\nIt makes the partition ZONE-cut: `faultline zone heal ZONE` ends it.\n"
      "Exits with 1 if somebody who dials gets through all the same.");
  const auto given = std::make_shared<PartitionArguments>();
  add_zone_word(command, given->zone);
  command
      .add_option("--one-way", given->one_way,
                  "Only what is sent to the zone (in), or what it sends (out)")
      ->type_name("in|out");
  add_partition_options(command, *given);
  given->verify = true;
  add_verify_option(command, given->verify, "Dial between the zones, and say what that is like");
  add_dry_run_option(command, given->dry_run);
  add_watch_option(command, invocation);
  command.get_option("--watch")->description(
      "Show the matrix until it has healed, then what it has proved");
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, given] {
    const auto body = cut_request(*given);
    if (!body) return usage_error(invocation, body.error().message);
    return with_v1(invocation, [&](const V1Remote& remote) {
      return make_partition(invocation, remote,
                            {.partition = cut_name(given->zone), .zone = given->zone}, *given,
                            *body);
    });
  });
}

void add_heal(CLI::App& zone, Invocation& invocation) {
  CLI::App& command = add_command(
      zone, {"heal"}, "End the cut of a zone, and say what it has proved",
      "  faultline zone heal b\n"
      "\nExits with 0 if the cut held, 1 if anything crossed it, 5 if nothing matched.");
  const auto name = std::make_shared<std::string>();
  const auto dry_run = std::make_shared<bool>(false);
  const auto verify = std::make_shared<bool>(true);
  add_zone_word(command, *name);
  add_verify_option(command, *verify, "Wait for the first byte that crosses again");
  add_dry_run_option(command, *dry_run);
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, name, dry_run, verify] {
    return with_v1(invocation, [&](const V1Remote& remote) {
      return heal_partition(invocation, remote, {.partition = cut_name(*name), .zone = *name},
                            *dry_run, *verify);
    });
  });
}

void add_matrix(CLI::App& root, Invocation& invocation) {
  CLI::App& command =
      add_command(root, {"matrix"}, "Show from which zone to which what flows, and what is cut",
                  "  faultline matrix\n  faultline matrix --watch        # live; q quits\n"
                  "  faultline matrix --watch | cat  # a line for each change\n"
                  "  faultline matrix -o json | jq '.cells[] | select(.state != \"ok\")'");
  add_client_options(command, invocation);
  add_watch_option(command, invocation);
  set_action(command, invocation, [&invocation] {
    return with_v1(invocation,
                   [&](const V1Remote& remote) { return show_matrix(invocation, remote); });
  });
}

}  // namespace

void add_zone_commands(CLI::App& root, Invocation& invocation) {
  CLI::App& zone = add_command(root, {"zone"}, "List zones, and cut them off",
                               "  faultline zone list\n  faultline zone which 10.2.3.4\n"
                               "  faultline zone cut b --ttl 10m\n  faultline zone heal b");
  zone.require_subcommand(1);
  CLI::App& all = add_command(zone, {"list"}, "List zones, their addresses and their proxies",
                              "  faultline zone list\n  faultline zone list -o json");
  add_client_options(all, invocation);
  set_action(all, invocation, [&invocation] {
    return with_v1(invocation,
                   [&](const V1Remote& remote) { return list_zones(invocation, remote); });
  });
  CLI::App& one = add_command(zone, {"which"}, "Say which zone an address is in, and by which CIDR",
                              "  faultline zone which 10.2.3.4");
  const auto address = std::make_shared<std::string>();
  one.add_option("ADDRESS", *address, "An IP address")->required()->type_name("");
  add_client_options(one, invocation);
  set_action(one, invocation, [&invocation, address] {
    return with_v1(invocation, [&](const V1Remote& remote) {
      return which_zone(invocation, remote, *address);
    });
  });
  add_cut(zone, invocation);
  add_heal(zone, invocation);
  add_matrix(root, invocation);
}

}  // namespace faultline
