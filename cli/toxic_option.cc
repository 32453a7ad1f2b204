#include "cli/toxic_option.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/nearest_name.h"
#include "cli/attribute_option.h"
#include "cli/condition_options.h"
#include "cli/new_toxic.h"

namespace faultline {

namespace {

constexpr const char* kShape =
    "is not PROXY:TYPE[=VALUE][,NAME=VALUE...], for example redis:latency=200ms,jitter=20ms";

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t comma = text.find(','); comma != std::string::npos;
       comma = text.find(',', start)) {
    parts.push_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  parts.push_back(text.substr(start));
  return parts;
}

/// What the words behind the first say.
struct Settings {
  std::vector<std::string> attributes;  ///< "jitter=20ms".
  std::string name;
  std::string stream;
  std::string toxicity;
  ConditionOptions conditions;

  /// Where a name that is no attribute's is kept.
  std::map<std::string, std::string*> others() {
    return {{"name", &name},
            {"stream", &stream},
            {"toxicity", &toxicity},
            {"after_connections", &conditions.after_connections},
            {"first", &conditions.first},
            {"every", &conditions.every},
            {"pulse", &conditions.pulse},
            {"poisson", &conditions.poisson},
            {"after", &conditions.after},
            {"until", &conditions.until},
            {"ramp", &conditions.ramp}};
  }
};

Fail unknown_setting(const ToxicType& type, const std::string& name, Settings& settings) {
  std::vector<std::string> names = type.attribute_names();
  for (const auto& other : settings.others()) names.push_back(other.first);
  names.emplace_back("client");
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  const std::string nearest = nearest_name(name, names);
  return fail(ErrorKind::kInvalid,
              "`" + type.name + "` takes no `" + name + "`" +
                  (nearest.empty() ? "" : "; did you mean `" + nearest + "`?") +
                  (nearest.empty() ? "; there are " : " there are ") + all);
}

/// Adds "jitter=20ms". An attribute goes before a condition of the same name.
Result<void> add_setting(const ToxicType& type, const std::string& part, Settings& settings) {
  const std::size_t equals = part.find('=');
  const std::string name = part.substr(0, equals);
  if (type.attribute_index(name) >= 0) {
    settings.attributes.push_back(part);
    return {};
  }
  auto others = settings.others();
  const auto other = others.find(name);
  if (other == others.end() && name != "client") return unknown_setting(type, name, settings);
  const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
  if (value.empty()) {
    return fail(ErrorKind::kInvalid, "`" + name + "` has no value: write " + name + "=...");
  }
  if (name == "client") {
    settings.conditions.clients.push_back(value);
  } else {
    *other->second = value;
  }
  return {};
}

Result<Settings> settings_of(const ToxicType& type, const std::optional<std::string>& value,
                             const std::vector<std::string>& parts) {
  Settings settings;
  std::set<std::string> given;
  if (value) {
    if (type.attributes.empty()) {
      return fail(ErrorKind::kInvalid, "`" + type.name + "` takes no value");
    }
    const std::string& main = type.attributes.front().name;
    settings.attributes.push_back(main + (value->empty() ? "" : "=" + *value));
    given.insert(main);
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string name = parts[i].substr(0, parts[i].find('='));
    if (name != "client" && !given.insert(name).second) {
      return fail(ErrorKind::kInvalid, "`" + name + "` is given twice");
    }
    if (auto added = add_setting(type, parts[i], settings); !added) return Fail(added.error());
  }
  return settings;
}

Result<ToxicSpec> toxic_of(const ToxicType& type, const Settings& settings) {
  NewToxic wanted{.type = type.name, .name = settings.name, .stream = settings.stream};
  auto attributes = parse_attributes(type, settings.attributes);
  if (!attributes) return Fail(attributes.error());
  wanted.attributes = *std::move(attributes);
  auto conditions = conditions_of(settings.conditions);
  if (!conditions) {
    Error error = conditions.error();
    if (error.message.starts_with("--")) error.message.erase(0, 2);  // Here it is no option.
    return Fail(std::move(error));
  }
  wanted.conditions = *std::move(conditions);
  if (!settings.toxicity.empty()) {
    const auto toxicity = parse_toxicity(settings.toxicity);
    if (!toxicity) return Fail(toxicity.error());
    wanted.toxicity = *toxicity;
  }
  const Links links = type.usual_links();
  const bool counts_bytes = links == Links::kWhole &&
                            !(wanted.conditions.after.empty() && wanted.conditions.until.empty());
  if (links != Links::kOwn && !counts_bytes && !wanted.stream.empty()) {
    return fail(ErrorKind::kInvalid,
                "`" + type.name + "` is for the whole connection: leave stream out");
  }
  return spec_of(wanted);
}

}  // namespace

Result<ToxicOption> parse_toxic_option(const std::string& text) {
  const std::vector<std::string> parts = split_at_commas(text);
  const std::size_t equals = parts.front().find('=');
  const std::string target = parts.front().substr(0, equals);
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == target.size()) {
    return fail(ErrorKind::kInvalid, "`" + text + "` " + kShape);
  }
  const auto type = toxic_type_named(target.substr(colon + 1));
  if (!type) return within("`" + text + "`", type.error());
  std::optional<std::string> value;
  if (equals != std::string::npos) value = parts.front().substr(equals + 1);
  const auto settings = settings_of(**type, value, parts);
  if (!settings) return within("`" + text + "`", settings.error());
  auto toxic = toxic_of(**type, *settings);
  if (!toxic) return within("`" + text + "`", toxic.error());
  return ToxicOption{target.substr(0, colon), *std::move(toxic)};
}

}  // namespace faultline
