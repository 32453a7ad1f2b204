// toxic add, update, remove, types.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/nearest_name.h"
#include "cli/attribute_option.h"
#include "cli/client_errors.h"
#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/remote.h"
#include "cli/toxic_request.h"
#include "cli/untouched.h"
#include "cli/v1_toxics.h"

namespace faultline {

namespace {

/// `json`, if that is what was asked for; else `line`.
void print_done(const Invocation& invocation, const std::string& line, const std::string& json) {
  if (invocation.output == OutputFormat::kJson) {
    if (!json.empty()) invocation.console.out << json << '\n';
  } else {
    invocation.console.out << printable(line) << '\n';
  }
}

Result<std::optional<double>> toxicity_of(const ToxicArguments& arguments) {
  if (arguments.toxicity.empty()) return std::nullopt;
  const auto toxicity = parse_toxicity(arguments.toxicity);
  if (!toxicity) return Fail(toxicity.error());
  return std::optional<double>(*toxicity);
}

/// A toxic that the server does not know: with the nearest the proxy has.
int report_for_toxic(const Invocation& invocation, const Remote& remote, const std::string& what,
                     const ToxicArguments& arguments, Error error) {
  if (error.kind == ErrorKind::kNotFound && error.message.ends_with("toxic not found")) {
    std::vector<std::string> names;
    if (const auto proxy = remote.find(arguments.proxy)) {
      for (const RemoteToxic& toxic : proxy->toxics) names.push_back(toxic.name);
    }
    error.message += did_you_mean(arguments.name, names);
  }
  return report_for_proxy(invocation.console, remote, what, arguments.proxy, std::move(error));
}

int add(const Invocation& invocation, const Remote& remote, const ToxicArguments& arguments) {
  if (arguments.needs_v1()) return add_toxic_over_v1(invocation, arguments);
  if (arguments.dry_run) {
    return usage_error(invocation,
                       "--dry-run: with -t alone this goes to Toxiproxy's API, which cannot be "
                       "asked; say it in words, or with --for");
  }
  if (arguments.type.empty()) {
    return usage_error(invocation, "a TYPE is missing: `faultline toxic types` lists them");
  }
  if (arguments.upstream && arguments.downstream) {
    return usage_error(invocation, "Only one should be specified: upstream or downstream.");
  }
  const auto type = toxic_type_named(arguments.type);
  if (!type) return usage_error(invocation, type.error().message);
  const auto streamed = has_stream(**type, arguments);
  if (!streamed) return usage_error(invocation, streamed.error().message);
  auto attributes = parse_attributes(**type, arguments.attributes);
  if (!attributes) return usage_error(invocation, attributes.error().message);
  const auto toxicity = toxicity_of(arguments);
  if (!toxicity) return usage_error(invocation, toxicity.error().message);
  auto conditions = conditions_of(arguments.conditions);
  if (!conditions) return usage_error(invocation, conditions.error().message);

  const NewToxic wanted{.type = arguments.type,
                        .name = arguments.name,
                        .stream = arguments.upstream ? "upstream"
                                  : *streamed        ? "downstream"
                                                     : "",
                        .toxicity = *toxicity,
                        .attributes = *std::move(attributes),
                        .conditions = *std::move(conditions)};
  if (auto checked = check_toxic(wanted); !checked) {
    return usage_error(invocation, checked.error().message);
  }
  const auto toxic = remote.add_toxic(arguments.proxy, wanted);
  if (!toxic) {
    return report_for_proxy(invocation.console, remote, "Failed to add toxic", arguments.proxy,
                            toxic.error());
  }
  print_done(invocation,
             "Added " + (*streamed ? toxic->stream + " " : "") + toxic->type + " toxic '" +
                 toxic->name + "' on proxy '" + arguments.proxy + "'",
             toxic->json);
  return kExitOk;
}

/// The type of the toxic to update, so that its attributes can be checked. A
/// type that only the server knows has none here.
Result<const ToxicType*> type_on_server(const Remote& remote, const ToxicArguments& arguments) {
  const auto proxy = remote.find(arguments.proxy);
  if (!proxy) return Fail(proxy.error());
  for (const RemoteToxic& toxic : proxy->toxics) {
    if (toxic.name == arguments.name) return find_toxic_type(toxic.type);
  }
  return fail(ErrorKind::kNotFound, "HTTP 404: toxic not found");
}

int update(const Invocation& invocation, const Remote& remote, const ToxicArguments& arguments) {
  const ConditionOptions& reach = arguments.conditions;
  if (arguments.is_in_words || arguments.needs_v1() || arguments.dry_run || reach.shadow ||
      arguments.live || !reach.affects.empty() || !reach.on_remove.empty()) {
    return update_toxic_over_v1(invocation, arguments);
  }
  const auto toxicity = toxicity_of(arguments);
  if (!toxicity) return usage_error(invocation, toxicity.error().message);
  if (!*toxicity && arguments.attributes.empty()) {
    return usage_error(invocation, "nothing to update: give -a NAME=VALUE or --toxicity");
  }
  const auto type = type_on_server(remote, arguments);
  if (!type) {
    return report_for_toxic(invocation, remote, "Failed to update toxic", arguments, type.error());
  }
  if (*type == nullptr) {
    return usage_error(invocation, "the type of `" + arguments.name + "` is unknown here");
  }
  const auto attributes = parse_attributes(**type, arguments.attributes);
  if (!attributes) return usage_error(invocation, attributes.error().message);
  const auto toxic = remote.update_toxic(arguments.proxy, arguments.name, *attributes, *toxicity);
  if (!toxic) {
    return report_for_toxic(invocation, remote, "Failed to update toxic", arguments, toxic.error());
  }
  print_done(invocation,
             "Updated toxic '" + arguments.name + "' on proxy '" + arguments.proxy + "'",
             toxic->json);
  return kExitOk;
}

int remove(const Invocation& invocation, const Remote& remote, const ToxicArguments& arguments) {
  if (!arguments.words.empty()) {
    return usage_error(invocation, "unexpected argument `" + arguments.words.front() +
                                       "`: -n names the toxic already");
  }
  if (arguments.dry_run) return try_to_remove_toxic(invocation, arguments);
  const auto url = parse_api_url(invocation.url);
  const std::string warning =
      url ? untouched_warning(V1Remote(*url), arguments.proxy, arguments.name) : "";
  if (auto removed = remote.remove_toxic(arguments.proxy, arguments.name); !removed) {
    return report_for_toxic(invocation, remote, "Failed to remove toxic", arguments,
                            removed.error());
  }
  print_done(invocation,
             "Removed toxic '" + arguments.name + "' on proxy '" + arguments.proxy + "'", "");
  if (!warning.empty()) invocation.console.err << printable(warning) << '\n';
  return kExitOk;
}

// ---- types -----------------------------------------------------------------

nlohmann::ordered_json attribute_json(const AttributeType& attribute) {
  nlohmann::ordered_json json = {{"name", attribute.name}, {"unit", attribute.unit}};
  if (attribute.quantity == Quantity::kWhole) {
    json["default"] = attribute.default_value;
    json["at_least"] = attribute.at_least;
    if (attribute.at_most != INT64_MAX) json["at_most"] = attribute.at_most;
  } else if (attribute.is_text()) {
    json["default"] = attribute.text_of(attribute.default_value);
    if (!attribute.choices.empty()) json["choices"] = attribute.choices;
  } else {
    json["default"] = AttributeValue(attribute.default_value).decimal();
    json["at_least"] = AttributeValue(attribute.at_least).decimal();
    if (attribute.at_most != INT64_MAX) {
      json["at_most"] = AttributeValue(attribute.at_most).decimal();
    }
  }
  json["summary"] = attribute.summary;
  return json;
}

std::string catalog_json() {
  nlohmann::ordered_json types = nlohmann::ordered_json::array();
  for (const ToxicType& type : toxic_catalog()) {
    nlohmann::ordered_json attributes = nlohmann::ordered_json::array();
    for (const AttributeType& attribute : type.attributes) {
      attributes.push_back(attribute_json(attribute));
    }
    types.push_back({{"type", type.name}, {"summary", type.summary}, {"attributes", attributes}});
  }
  return types.dump(2);
}

int types(const Invocation& invocation) {
  const Console& console = invocation.console;
  if (invocation.output == OutputFormat::kJson) {
    console.out << catalog_json() << '\n';
    return kExitOk;
  }
  std::size_t name_width = 0;
  std::size_t unit_width = 0;
  for (const ToxicType& type : toxic_catalog()) {
    for (const AttributeType& attribute : type.attributes) {
      name_width = std::max(name_width, attribute.name.size());
      unit_width = std::max(unit_width, attribute.unit.size());
    }
  }
  const char* separator = "";
  for (const ToxicType& type : toxic_catalog()) {
    console.out << separator << console.bold(type.name) << ": " << type.summary << '\n';
    for (const AttributeType& attribute : type.attributes) {
      console.out << "  " << console.yellow(padded(attribute.name, name_width)) << "  "
                  << padded(attribute.unit, unit_width) << "  default "
                  << attribute.text_of(attribute.default_value) << "  ";
      if (!attribute.choices.empty()) console.out << attribute.choices_text() << ": ";
      console.out << attribute.summary << '\n';
    }
    separator = "\n";
  }
  return kExitOk;
}

// ---- The commands ----------------------------------------------------------

using ToxicAction = int (*)(const Invocation&, const Remote&, const ToxicArguments&);

/// The toxic's name: that of -n, else the first word.
Result<void> take_name(ToxicArguments& arguments) {
  if (!arguments.name.empty()) return {};
  if (arguments.words.empty()) {
    return fail(ErrorKind::kInvalid,
                "a TOXIC is missing: `faultline inspect " + arguments.proxy + "` lists them");
  }
  arguments.is_in_words = true;
  arguments.name = arguments.words.front();
  arguments.words.erase(arguments.words.begin());
  return {};
}

/// A command on one proxy; its arguments live as long as it does.
ToxicArguments& add_toxic_command(CLI::App& toxic, Invocation& invocation,
                                  const std::vector<std::string>& names, const std::string& summary,
                                  const std::string& examples, ToxicAction action,
                                  CLI::App*& command) {
  command = &add_command(toxic, names, summary, examples);
  const auto arguments = std::make_shared<ToxicArguments>();
  arguments->command = command;
  add_toxic_words(*command, *arguments,
                  action == add      ? ToxicWords::kNewToxic
                  : action == update ? ToxicWords::kChange
                                     : ToxicWords::kToxic);
  add_client_options(*command, invocation);
  set_action(*command, invocation, [&invocation, arguments, action] {
    const auto remote = remote_at(invocation.url);
    if (!remote) return usage_error(invocation, "--host: " + remote.error().message);
    if (action != add) {
      if (const auto named = take_name(*arguments); !named) {
        return usage_error(invocation, named.error().message);
      }
    }
    return action(invocation, *remote, *arguments);
  });
  return *arguments;
}

void add_name_option(CLI::App& command, ToxicArguments& arguments, const std::string& help) {
  command.add_option("-n,--toxicName,--name", arguments.name, help)->type_name("NAME");
}

void add_value_options(CLI::App& command, ToxicArguments& arguments) {
  add_repeated_option(command, "-a,--attribute", arguments.attributes, "NAME=VALUE",
                      "An attribute, as often as needed; `faultline toxic types` lists them");
  command
      .add_option("--toxicity,--tox", arguments.toxicity,
                  "The share of connections it applies to, 0 to 1")
      ->type_name("SHARE");
}

void add_adding(CLI::App& toxic, Invocation& invocation) {
  CLI::App* command = nullptr;
  ToxicArguments& adding = add_toxic_command(
      toxic, invocation, {"add", "a"}, "Add a toxic to a proxy",
      "  faultline toxic add redis latency 200ms --jitter 20ms --share 30% --for 5m\n"
      "  faultline toxic add redis bandwidth 1MB/s --on request --owner anna\n"
      "  faultline toxic add redis stall --pulse 2s/5s --client 10.1.0.0/16 --dry-run\n"
      "\nThese end by themselves: after --for, else after the server's --default-ttl. As\n"
      "Toxiproxy's command has it, with -t, it stays until it is removed:\n"
      "  faultline toxic add -t latency -a latency=100 -a jitter=10 redis\n"
      "  faultline toxic add -t bandwidth -a rate=0 --upstream redis    # stall requests\n"
      "  faultline toxic add -t reset_peer --toxicity 0.1 redis         # every tenth connection\n"
      "  faultline toxic add -t latency --ramp latency=0..200/60s redis",
      add, command);
  command->add_option("-t,--type", adding.type, "The type, for what stays until it is removed")
      ->type_name("TYPE");
  add_name_option(*command, adding, "The toxic's name (default TYPE_STREAM)");
  add_value_options(*command, adding);
  command
      ->add_option("--on", adding.on,
                   "Act on what the client sends, or the server (default response)")
      ->type_name("request|response");
  command->add_flag("-u,--upstream", adding.upstream, "The same as --on request");
  command->add_flag("-d,--downstream", adding.downstream, "The same as --on response");
  add_life_options(*command, adding);
  add_condition_options(*command, adding.conditions);
  add_dry_run_option(*command, adding.dry_run);
  add_attribute_options(*command, adding);
}

void add_updating(CLI::App& toxic, Invocation& invocation) {
  CLI::App* command = nullptr;
  ToxicArguments& updating = add_toxic_command(
      toxic, invocation, {"update", "u"}, "Change a toxic; what is not named stays",
      "  faultline toxic update redis slow --latency 500ms --for 10m\n"
      "  faultline toxic update redis slow --no-shadow --dry-run\n"
      "  faultline toxic update -n latency_downstream -a latency=500 redis",
      update, command);
  add_name_option(*command, updating, "The toxic's name");
  add_value_options(*command, updating);
  add_life_options(*command, updating);
  add_reach_options(*command, updating.conditions);
  command->add_flag("--no-shadow,--live", updating.live, "It was a shadow, and now does it");
  add_dry_run_option(*command, updating.dry_run);
  add_attribute_options(*command, updating);
}

void add_removing(CLI::App& toxic, Invocation& invocation) {
  CLI::App* command = nullptr;
  ToxicArguments& removing =
      add_toxic_command(toxic, invocation, {"remove", "r", "rm", "delete", "d"}, "Remove a toxic",
                        "  faultline toxic remove redis latency_downstream\n"
                        "  faultline toxic remove redis latency_downstream --dry-run\n"
                        "  faultline toxic remove -n latency_downstream redis",
                        remove, command);
  add_name_option(*command, removing, "The toxic's name");
  add_dry_run_option(*command, removing.dry_run);
}

void add_types(CLI::App& toxic, Invocation& invocation) {
  CLI::App& listing = add_command(toxic, {"types"}, "Explain every toxic and its attributes",
                                  "  faultline toxic types\n  faultline toxic types -o json");
  add_client_options(listing, invocation);
  set_action(listing, invocation, [&invocation] { return types(invocation); });
}

}  // namespace

void add_toxic_commands(CLI::App& root, Invocation& invocation) {
  CLI::App& toxic = add_command(root, {"toxic", "t"}, "Add, change and remove toxics", "");
  toxic.require_subcommand(1);
  add_adding(toxic, invocation);
  add_updating(toxic, invocation);
  add_removing(toxic, invocation);
  add_types(toxic, invocation);
}

}  // namespace faultline
