// toxic add, update, remove, types.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/nearest_name.h"
#include "cli/attribute_option.h"
#include "cli/client_errors.h"
#include "cli/command_tree.h"
#include "cli/condition_options.h"
#include "cli/exit_codes.h"
#include "cli/remote.h"

namespace faultline {

namespace {

/// What the commands of this file are given.
struct ToxicArguments {
  std::string proxy;
  std::string type;
  std::string name;
  std::string toxicity;
  std::vector<std::string> attributes;
  ConditionOptions conditions;
  bool upstream = false;
  bool downstream = false;
};

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

/// Why a toxic of `type` cannot be told --upstream or --downstream.
std::string no_stream(const ToxicType& type) {
  std::string advice = "leave --upstream and --downstream out";
  if (type.usual_links() == Links::kWhole) {
    advice += "; with --after or --until they say whose bytes count";
  } else if (type.attribute_index("side") >= 0) {
    advice += "; -a side=... says whose side fails";
  }
  return "`" + type.name + "` is for the whole connection: " + advice;
}

int add(const Invocation& invocation, const Remote& remote, const ToxicArguments& arguments) {
  if (arguments.upstream && arguments.downstream) {
    return usage_error(invocation, "Only one should be specified: upstream or downstream.");
  }
  const auto type = toxic_type_named(arguments.type);
  if (!type) return usage_error(invocation, type.error().message);
  const Links links = (*type)->usual_links();
  const bool has_stream = links == Links::kOwn;
  const bool counts_bytes = links == Links::kWhole && !(arguments.conditions.after.empty() &&
                                                        arguments.conditions.until.empty());
  if (!has_stream && !counts_bytes && (arguments.upstream || arguments.downstream)) {
    return usage_error(invocation, no_stream(**type));
  }
  auto attributes = parse_attributes(**type, arguments.attributes);
  if (!attributes) return usage_error(invocation, attributes.error().message);
  const auto toxicity = toxicity_of(arguments);
  if (!toxicity) return usage_error(invocation, toxicity.error().message);
  auto conditions = conditions_of(arguments.conditions);
  if (!conditions) return usage_error(invocation, conditions.error().message);

  const NewToxic wanted{.type = arguments.type,
                        .name = arguments.name,
                        .stream = arguments.upstream ? "upstream"
                                  : has_stream       ? "downstream"
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
             "Added " + (has_stream ? toxic->stream + " " : "") + toxic->type + " toxic '" +
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
  if (auto removed = remote.remove_toxic(arguments.proxy, arguments.name); !removed) {
    return report_for_toxic(invocation, remote, "Failed to remove toxic", arguments,
                            removed.error());
  }
  print_done(invocation,
             "Removed toxic '" + arguments.name + "' on proxy '" + arguments.proxy + "'", "");
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

/// A command on one proxy; its arguments live as long as it does.
ToxicArguments& add_toxic_command(CLI::App& toxic, Invocation& invocation,
                                  const std::vector<std::string>& names, const std::string& summary,
                                  const std::string& examples, ToxicAction action,
                                  CLI::App*& command) {
  command = &add_command(toxic, names, summary, examples);
  const auto arguments = std::make_shared<ToxicArguments>();
  command->add_option("PROXY", arguments->proxy, "The proxy's name")->required()->type_name("");
  add_client_options(*command, invocation);
  set_action(*command, invocation, [&invocation, arguments, action] {
    const auto remote = remote_at(invocation.url);
    if (!remote) return usage_error(invocation, "--host: " + remote.error().message);
    return action(invocation, *remote, *arguments);
  });
  return *arguments;
}

CLI::Option* add_name_option(CLI::App& command, ToxicArguments& arguments,
                             const std::string& help) {
  return command.add_option("-n,--toxicName,--name", arguments.name, help)->type_name("NAME");
}

void add_value_options(CLI::App& command, ToxicArguments& arguments) {
  command
      .add_option("-a,--attribute", arguments.attributes,
                  "An attribute, as often as needed; `faultline toxic types` lists them")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--toxicity,--tox", arguments.toxicity,
                  "The share of connections it applies to, 0 to 1")
      ->type_name("SHARE");
}

}  // namespace

void add_toxic_commands(CLI::App& root, Invocation& invocation) {
  CLI::App& toxic = add_command(root, {"toxic", "t"}, "Add, change and remove toxics", "");
  toxic.require_subcommand(1);
  CLI::App* command = nullptr;

  ToxicArguments& adding = add_toxic_command(
      toxic, invocation, {"add", "a"}, "Add a toxic to a proxy",
      "  faultline toxic add -t latency -a latency=100 -a jitter=10 redis\n"
      "  faultline toxic add -t bandwidth -a rate=0 --upstream redis    # stall requests\n"
      "  faultline toxic add -t reset_peer --toxicity 0.1 redis         # every tenth connection\n"
      "  faultline toxic add -t stall --pulse 2s/5s --client 10.1.0.0/16 redis\n"
      "  faultline toxic add -t latency --ramp latency=0..200/60s redis",
      add, command);
  command->add_option("-t,--type", adding.type, "The type, e.g. latency")
      ->required()
      ->type_name("TYPE");
  add_name_option(*command, adding, "The toxic's name (default TYPE_STREAM)");
  add_value_options(*command, adding);
  command->add_flag("-u,--upstream", adding.upstream, "Act on what the client sends");
  command->add_flag("-d,--downstream", adding.downstream, "Act on what the server sends (default)");
  add_condition_options(*command, adding.conditions);

  ToxicArguments& updating = add_toxic_command(
      toxic, invocation, {"update", "u"}, "Change attributes or toxicity; what is not named stays",
      "  faultline toxic update -n latency_downstream -a latency=500 redis", update, command);
  add_name_option(*command, updating, "The toxic's name")->required();
  add_value_options(*command, updating);

  ToxicArguments& removing =
      add_toxic_command(toxic, invocation, {"remove", "r", "rm", "delete", "d"}, "Remove a toxic",
                        "  faultline toxic remove -n latency_downstream redis", remove, command);
  add_name_option(*command, removing, "The toxic's name")->required();

  CLI::App& listing = add_command(toxic, {"types"}, "Explain every toxic and its attributes",
                                  "  faultline toxic types\n  faultline toxic types -o json");
  add_client_options(listing, invocation);
  set_action(listing, invocation, [&invocation] { return types(invocation); });
}

}  // namespace faultline
