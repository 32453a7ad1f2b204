// partition create, list, show, delete.

#include <memory>

#include "cli/amounts.h"
#include "cli/command_tree.h"
#include "cli/cut_proof.h"
#include "cli/exit_codes.h"
#include "cli/partition_actions.h"
#include "cli/partition_request.h"
#include "cli/read_partition.h"
#include "cli/table.h"
#include "cli/v1_action.h"
#include "control-api/partition_words.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// "9m58s", or what else ends it.
std::string heals_in_words(const Json& view) {
  const std::string left = time_left(text_at(view, "ends_at"));
  const std::string lease = text_at(view, "lease");
  if (!left.empty()) return "in " + left;
  return lease.empty() ? "not by itself" : "with lease " + lease;
}

int list_partitions(const Invocation& invocation, const V1Remote& remote) {
  const auto answer = remote.call("GET", "/v1/partitions");
  if (!answer) return report_v1(invocation, answer.error(), "Failed to list partitions");
  const Console& console = invocation.console;
  if (wants_json(invocation)) {
    print_indented(invocation, *answer);
    return kExitOk;
  }
  const Json partitions = answer->value("partitions", Json::array());
  if (partitions.empty() && console.is_terminal) {
    console.out << "no partitions\n\n"
                << console.dim("Hint: `faultline zone cut ZONE` makes one\n");
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& view : partitions) {
    const auto partition = read_partition(view);
    if (!partition) return report_v1(invocation, partition.error());
    rows.push_back({text_at(view, "name"), text_at(view, "mode"), heals_in_words(view),
                    deed_in_words(*partition) + limits_in_words(*partition)});
  }
  print_table(console, {"Partition", "Mode", "Heals", "What it does"}, rows);
  return kExitOk;
}

/// "kernel", or the proxies by what serves them.
void print_engines(const Console& console, const Json& view) {
  const std::string all = text_at(view, "engine");
  if (all.empty() || all == "none") {
    console.out << "  carried out on no proxy: none is between these zones\n";
    return;
  }
  console.out << "  carried out by: " << all << '\n';
  for (const Json& engine : view.value("engines", Json::array())) {
    console.out << "    " << text_at(engine, "proxy") << ": open connections "
                << text_at(engine, "open") << ", new ones " << text_at(engine, "new") << '\n';
  }
}

void print_pairs(const Console& console, const Json& effect) {
  for (const Json& pair : effect.value("pairs", Json::array())) {
    console.out << "    " << text_at(pair, "client") << " dials " << text_at(pair, "destination")
                << ": matched " << grouped(count_at(pair, "matched")) << ", cut "
                << grouped(count_at(pair, "cut")) << ", refused "
                << grouped(count_at(pair, "refused")) << ", crossed ";
    const std::uint64_t crossed =
        count_at(pair, "crossed_connections") + count_at(pair, "crossed_bytes");
    console.out << (crossed > 0 ? console.red(grouped(crossed)) : "0") << '\n';
  }
}

int show_partition(const Invocation& invocation, const V1Remote& remote, const std::string& name) {
  const std::string what = "Failed to show partition";
  const auto view = remote.call("GET", v1_partition_path(name));
  if (!view) return report_v1(invocation, view.error(), what);
  const auto effect = remote.call("GET", v1_partition_path(name) + "/effect");
  if (!effect) return report_v1(invocation, effect.error(), what);
  if (wants_json(invocation)) {
    Json whole = *view;
    whole["effect"] = *effect;
    print_indented(invocation, whole);
    return kExitOk;
  }
  const auto partition = read_partition(*view);
  if (!partition) return report_v1(invocation, partition.error(), what);
  const Console& console = invocation.console;
  console.out << console.bold(text_at(*view, "name")) << ": " << state_in_words(*partition)
              << limits_in_words(*partition) << '\n'
              << "  since " << text_at(*effect, "since") << ", "
              << end_in_words(*view, time_left(text_at(*view, "ends_at"))) << '\n';
  for (const char* key : {"owner", "reason"}) {
    const std::string text = text_at(*view, key);
    if (!text.empty()) console.out << "  " << key << ": " << text << '\n';
  }
  print_engines(console, *view);
  console.out << "  so far: " << proof_of(*effect, *partition).counts << '\n';
  print_pairs(console, *effect);
  return kExitOk;
}

void add_create(CLI::App& parent, Invocation& invocation) {
  CLI::App& command = add_command(
      parent, {"create"}, "Keep zones apart: any zones, either way, in any mode",
      "  faultline partition create split --from a --to b,c --ttl 10m\n"
      "  faultline partition create split --shape halves --zones a,b,c,d\n"
      "  faultline partition create deaf --from a --to b --direction to_from\n"
      "  faultline partition create far --from a --to '*' --latency 80ms --jitter 10ms\n"
      "  faultline partition create bad --from a --to b --loss 15% --connections 30%\n"
      "  faultline partition create split --shape ring --zones a,b,c --dry-run");
  const auto given = std::make_shared<PartitionArguments>();
  const auto add = [&command](const std::string& name, std::string& value, const std::string& type,
                              const std::string& help) {
    command.add_option(name, value, help)->type_name(type);
  };
  command.add_option("NAME", given->name, "What to call it")->required()->type_name("");
  add("--from", given->from, "ZONES", "These, as a,b; `none` is what is in no zone");
  add("--to", given->to, "ZONES", "... from these; `*` is everything else");
  add("--direction", given->direction, "WAY", "both (default), from_to or to_from");
  add("--shape", given->shape, "SHAPE", "Or: isolate, halves, bridge, one-way or ring");
  add("--zones", given->zones, "ZONES", "... of these");
  add_partition_options(command, *given);
  add_verify_option(command, given->verify, "Dial between the zones, and say what that is like");
  add_dry_run_option(command, given->dry_run);
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, given] {
    const auto body = partition_request(*given);
    if (!body) return usage_error(invocation, body.error().message);
    return with_v1(invocation, [&](const V1Remote& remote) {
      return make_partition(invocation, remote, {.partition = given->name}, *given, *body);
    });
  });
}

void add_partition_word(CLI::App& command, std::string& name) {
  command.add_option("PARTITION", name, "The partition's name")->required()->type_name("");
}

void add_delete(CLI::App& parent, Invocation& invocation) {
  CLI::App& command =
      add_command(parent, {"delete"}, "Heal a partition, and say what it has proved",
                  "  faultline partition delete split\n"
                  "\nExits with 0 if it held, 1 if anything crossed it, 5 if nothing matched.");
  const auto name = std::make_shared<std::string>();
  const auto dry_run = std::make_shared<bool>(false);
  const auto verify = std::make_shared<bool>(false);
  add_partition_word(command, *name);
  add_verify_option(command, *verify, "Wait for the first byte that crosses again");
  add_dry_run_option(command, *dry_run);
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, name, dry_run, verify] {
    return with_v1(invocation, [&](const V1Remote& remote) {
      return heal_partition(invocation, remote, {.partition = *name}, *dry_run, *verify);
    });
  });
}

}  // namespace

void add_partition_commands(CLI::App& root, Invocation& invocation) {
  CLI::App& parent = add_command(root, {"partition"}, "Make, show and heal partitions of zones",
                                 "  faultline partition create split --from a --to b --ttl 10m\n"
                                 "  faultline partition list\n"
                                 "  faultline partition show split\n"
                                 "  faultline partition delete split");
  parent.require_subcommand(1);
  add_create(parent, invocation);
  CLI::App& all = add_command(parent, {"list"}, "List partitions, and what each does",
                              "  faultline partition list\n  faultline partition list -o json");
  add_client_options(all, invocation);
  set_action(all, invocation, [&invocation] {
    return with_v1(invocation,
                   [&](const V1Remote& remote) { return list_partitions(invocation, remote); });
  });
  CLI::App& one = add_command(parent, {"show"}, "Show a partition, and what it has done to whom",
                              "  faultline partition show split");
  const auto name = std::make_shared<std::string>();
  add_partition_word(one, *name);
  add_client_options(one, invocation);
  set_action(one, invocation, [&invocation, name] {
    return with_v1(invocation, [&](const V1Remote& remote) {
      return show_partition(invocation, remote, *name);
    });
  });
  add_delete(parent, invocation);
}

}  // namespace faultline
