#include "cli/toxic_arguments.h"

#include <algorithm>
#include <set>

#include "toxics/catalog.h"

namespace faultline {

void add_toxic_words(CLI::App& command, ToxicArguments& arguments, ToxicWords words) {
  command.add_option("PROXY", arguments.proxy, "The proxy's name")->required()->type_name("");
  const auto add_word = [&](const std::string& name, const std::string& help) {
    command
        .add_option_function<std::string>(
            name, [&kept = arguments.words](const std::string& word) { kept.push_back(word); },
            help)
        ->type_name("");
  };
  if (words == ToxicWords::kNewToxic) {
    add_word("TYPE", "The type, e.g. latency");
  } else {
    add_word("TOXIC", "The toxic's name, or say it with -n");
  }
  if (words == ToxicWords::kToxic) return;
  add_word("VALUE", "Of its first attribute, with unit: 200ms");
  command
      .add_option_function<std::vector<std::string>>(
          "SETTING",
          [&kept = arguments.words](const std::vector<std::string>& more) {
            kept.insert(kept.end(), more.begin(), more.end());
          },
          "Further attributes: NAME=VALUE, or --NAME VALUE")
      ->type_name("");
}

void add_attribute_options(CLI::App& command, ToxicArguments& arguments) {
  std::set<std::string> names;
  for (const ToxicType& type : toxic_catalog()) {
    for (const AttributeType& attribute : type.attributes) names.insert(attribute.name);
  }
  for (const std::string& name : names) {
    if (command.get_option_no_throw("--" + name) != nullptr) continue;
    std::string option = "--" + name;
    if (name.find('_') != std::string::npos) {
      std::string hyphened = option;
      std::replace(hyphened.begin(), hyphened.end(), '_', '-');
      option.insert(0, hyphened + ",");
    }
    command
        .add_option_function<std::string>(
            option,
            [&values = arguments.attribute_options, name](const std::string& value) {
              values[name] = value;
            },
            "The attribute `" + name + "`")
        ->type_name("VALUE")
        ->group("");
  }
}

void add_life_options(CLI::App& command, ToxicArguments& arguments) {
  const auto add = [&command](const std::string& name, std::string& value, const std::string& type,
                              const std::string& help) {
    command.add_option(name, value, help)->type_name(type);
  };
  add("--for,--ttl", arguments.ttl, "DURATION", "Ends by itself after this time, e.g. 5m");
  add("--owner", arguments.owner, "WHO", "Whose it is");
  add("--reason", arguments.reason, "TEXT", "What it is for");
  add("--lease", arguments.lease, "ID", "Ends with this lease: see `faultline lease`");
}

}  // namespace faultline
