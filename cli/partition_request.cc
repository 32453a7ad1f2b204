#include "cli/partition_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/nearest_name.h"
#include "cli/attribute_option.h"
#include "control-api/json_reader.h"
#include "proxy/partition_decoder.h"
#include "zones/zone_map.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// "a,b" as a list; blanks around names are left out, as are empty ones.
Json list_in(const std::string& text) {
  Json list = Json::array();
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    if (!part.empty()) list.push_back(part);
  }
  return list;
}

/// What is slow or lossy, where a setting says so and --mode does not.
Result<std::string> mode_of(const PartitionArguments& given) {
  const bool is_slow = !given.latency.empty() || !given.jitter.empty();
  const bool is_lossy = !given.loss.empty();
  const std::string said = is_slow ? "slow" : "lossy";
  if (is_slow && is_lossy) {
    return fail(ErrorKind::kInvalid,
                "--latency and --jitter are of the mode slow, --loss is of lossy: a partition has "
                "one mode");
  }
  if (!is_slow && !is_lossy) return given.mode;
  if (given.mode.empty() || given.mode == said) return said;
  const std::string option = is_lossy ? "--loss" : given.latency.empty() ? "--jitter" : "--latency";
  return fail(ErrorKind::kInvalid,
              option + " is of the mode " + said + ": it does not go with --mode " + given.mode);
}

/// Of the modes slow and lossy; for the others what is wrong with giving any.
Result<Json> attributes_of(const PartitionArguments& given, const std::string& mode) {
  std::vector<std::string> settings = given.attributes;
  for (const auto& [name, value] :
       {std::pair("latency", &given.latency), std::pair("jitter", &given.jitter),
        std::pair("loss", &given.loss)}) {
    if (!value->empty()) settings.push_back(std::string(name) + "=" + *value);
  }
  Json attributes = Json::object();
  if (settings.empty()) return attributes;
  if (mode != "slow" && mode != "lossy") {
    return fail(ErrorKind::kInvalid, "-a is for the modes slow and lossy: say which with --mode");
  }
  const ToxicType& type =
      toxic_type_of(mode == "slow" ? PartitionMode::kSlow : PartitionMode::kLossy);
  for (const std::string& setting : settings) {
    const auto one = parse_setting(type, setting);
    if (!one) return Fail(one.error());
    const AttributeType& attribute = *one->attribute;
    if (attributes.contains(attribute.name)) {
      return fail(ErrorKind::kInvalid, "`" + attribute.name + "` is given twice");
    }
    const bool is_number = !attribute.is_text() && Json::accept(one->value);
    attributes[attribute.name] = is_number ? Json::parse(one->value) : Json(one->value);
  }
  return attributes;
}

/// All but the zones. Errors: kInvalid.
Result<void> add_options(const PartitionArguments& given, Json& body) {
  const auto mode = mode_of(given);
  if (!mode) return Fail(mode.error());
  if (!mode->empty()) body["mode"] = *mode;
  auto attributes = attributes_of(given, *mode);
  if (!attributes) return Fail(attributes.error());
  if (!attributes->empty()) body["attributes"] = *std::move(attributes);
  for (const auto& [key, value] :
       {std::pair("connections", &given.connections), std::pair("scope", &given.scope),
        std::pair("heal", &given.heal), std::pair("ttl", &given.ttl),
        std::pair("lease", &given.lease), std::pair("owner", &given.owner),
        std::pair("reason", &given.reason)}) {
    if (!value->empty()) body[key] = *value;
  }
  if (!given.flap.empty()) {
    const std::size_t slash = given.flap.find('/');
    if (slash == std::string::npos) {
      return fail(ErrorKind::kInvalid, "--flap: write ON/OFF, as 5s/20s, not `" + given.flap + "`");
    }
    body["flap"] = {{"on", given.flap.substr(0, slash)}, {"off", given.flap.substr(slash + 1)}};
  }
  if (given.shadow) body["shadow"] = true;
  return {};
}

/// What a server of this version has against it, whichever zones it has.
Result<Json> checked(Json body) {
  const auto document =
      parse_strict_json(body.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!document) return Fail(document.error());
  const auto spec = decode_partition(*document, Dialect::kV1);
  if (!spec) return Fail(in_partition_options(spec.error()));
  return body;
}

}  // namespace

void add_partition_options(CLI::App& command, PartitionArguments& arguments) {
  const auto add = [&command](const std::string& name, std::string& value, const std::string& type,
                              const std::string& help) {
    command.add_option(name, value, help)->type_name(type);
  };
  add("--mode", arguments.mode, "MODE",
      "blackhole (default: packets vanish), reset, refuse, close,\nstall, slow or lossy");
  add("--latency", arguments.latency, "DURATION", "Of the mode slow: so late, default 200ms");
  add("--jitter", arguments.jitter, "DURATION", "... and so much more or less");
  add("--loss", arguments.loss, "SHARE", "Of the mode lossy: so many packets, default 15%");
  command
      .add_option("-a,--attribute", arguments.attributes,
                  "Of slow, what latency takes; of lossy, what packet_loss takes")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  add("--connections", arguments.connections, "SHARE",
      "For so many connections, as 30%, drawn once for each");
  add("--scope", arguments.scope, "new|open|both",
      "For connections made since, open already, or both (default)");
  add("--flap", arguments.flap, "ON/OFF", "By turns in force and not: 5s/20s");
  add("--ttl,--for", arguments.ttl, "DURATION",
      "Heals by itself after this time (default: the server's, 10m)");
  add("--heal", arguments.heal, "resume|reset",
      "When it heals, connections go on (default), or are reset");
  command.add_flag("--shadow", arguments.shadow, "Match, draw and count, and do nothing");
  add("--lease", arguments.lease, "ID", "Heals with the end of this lease: `faultline lease`");
  add("--owner", arguments.owner, "WHO", "Who answers for it");
  add("--reason", arguments.reason, "TEXT", "What it is for");
  command.add_flag("--replace", arguments.replace,
                   "Take the place of the one that there is; its time begins anew");
}

std::string cut_name(const std::string& zone) {
  return zone + "-cut";
}

Result<Json> cut_request(const PartitionArguments& arguments) {
  if (!check_zone_name(arguments.zone)) {
    return fail(ErrorKind::kInvalid,
                "ZONE must be the name of one zone, not `" + arguments.zone +
                    "`; for several: faultline partition create NAME --shape isolate --zones a,b");
  }
  Json body = {{"name", cut_name(arguments.zone)}};
  if (arguments.one_way.empty()) {
    body["shape"] = "isolate";
    body["zones"] = {arguments.zone};
  } else if (arguments.one_way == "in" || arguments.one_way == "out") {
    body["from"] = {arguments.zone};
    body["to"] = {kEverythingElse};
    body["direction"] = arguments.one_way == "out" ? "from_to" : "to_from";
  } else {
    return fail(
        ErrorKind::kInvalid,
        "--one-way must be `in` (what is sent to the zone) or `out` (what it sends), not `" +
            arguments.one_way + "`" + did_you_mean(arguments.one_way, {"in", "out"}));
  }
  if (auto added = add_options(arguments, body); !added) return Fail(added.error());
  return checked(std::move(body));
}

Result<Json> partition_request(const PartitionArguments& arguments) {
  Json body = {{"name", arguments.name}};
  if (!arguments.shape.empty()) body["shape"] = arguments.shape;
  if (!arguments.direction.empty()) body["direction"] = arguments.direction;
  for (const auto& [key, value] :
       {std::pair("zones", &arguments.zones), std::pair("from", &arguments.from),
        std::pair("to", &arguments.to)}) {
    if (!value->empty()) body[key] = list_in(*value);
  }
  const bool says_zones = body.contains("zones") || body.contains("from") || body.contains("to");
  if (!says_zones) {
    return fail(ErrorKind::kInvalid,
                "which zones? Say --from a --to b, or --shape isolate --zones b");
  }
  if (body.contains("zones") && arguments.shape.empty()) {
    return fail(ErrorKind::kInvalid,
                "--zones goes with a --shape: isolate, halves, bridge, one-way or ring");
  }
  if (auto added = add_options(arguments, body); !added) return Fail(added.error());
  return checked(std::move(body));
}

Error in_partition_options(Error error) {
  const std::string pointer = std::exchange(error.pointer, "");
  if (pointer.empty()) return error;
  const std::string key = pointer.substr(1, pointer.find('/', 1) - 1);
  if (key == "attributes" || key == "name") return error;
  const std::string option = "--" + key;
  if (error.message.starts_with(key)) {
    error.message.replace(0, key.size(), option);
  } else {
    error.message.insert(0, option + ": ");
  }
  return error;
}

}  // namespace faultline
