#include "cli/toxic_request.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/nearest_name.h"
#include "cli/attribute_option.h"
#include "control-api/json_reader.h"
#include "control-api/v1_views.h"
#include "proxy/spec_decoder.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// Where in a toxic's document the value of an option stands.
constexpr std::pair<std::string_view, std::string_view> kOptions[] = {
    {"/name", "--name"},
    {"/stream", "--on"},
    {"/toxicity", "--toxicity"},
    {"/match/clients", "--client"},
    {"/match/not_clients", "--not-client"},
    {"/match/destinations", "--destination"},
    {"/match/connections", "--share"},
    {"/match/by", "--share-by"},
    {"/match/after", "--after-connections"},
    {"/match/first", "--first"},
    {"/match/every", "--every"},
    {"/pulse", "--pulse"},
    {"/poisson", "--poisson"},
    {"/after", "--after"},
    {"/until", "--until"},
    {"/ramp", "--ramp"},
    {"/affects", "--affects"},
    {"/on_remove", "--on-remove"},
    {"/shadow", "--shadow"},
    {"/limits/max_connections", "--max-connections"},
    {"/limits/max_share", "--max-share"},
    {"/limits/max_bytes_delayed", "--max-bytes-delayed"},
    {"/ttl", "--for"},
    {"/owner", "--owner"},
    {"/reason", "--reason"},
    {"/lease", "--lease"}};

/// `text` as JSON has it: a number without a unit as a number, so that /v1 can ask "of what?".
Json written(const std::string& text) {
  const char* const end = text.data() + text.size();
  std::int64_t whole = 0;
  const auto as_whole = std::from_chars(text.data(), end, whole);
  if (as_whole.ec == std::errc() && as_whole.ptr == end) return whole;
  double number = 0;
  const auto as_number = std::from_chars(text.data(), end, number);
  const bool is_number = as_number.ec == std::errc() && as_number.ptr == end;
  if (is_number && std::isfinite(number)) return number;
  return text;
}

/// The words behind PROXY and the type they are about.
struct Described {
  const ToxicType* type = nullptr;
  std::vector<std::string> settings;  ///< "latency=200ms".
};

/// "latency=200ms" of each word of [VALUE] [NAME=VALUE...].
Result<std::vector<std::string>> settings_in(const std::vector<std::string>& words,
                                             const ToxicType& type) {
  std::vector<std::string> settings;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.find('=') != std::string::npos) {
      settings.push_back(word);
    } else if (i > 0) {
      return fail(ErrorKind::kInvalid, "unexpected argument `" + word + "`: further attributes " +
                                           "are NAME=VALUE or --NAME VALUE");
    } else if (type.attributes.empty()) {
      return fail(ErrorKind::kInvalid, "`" + type.name + "` takes no value, so no `" + word + "`");
    } else {
      settings.push_back(type.attributes.front().name + "=" + word);
    }
  }
  return settings;
}

Result<Described> described_by(const ToxicArguments& arguments) {
  std::vector<std::string> words = arguments.words;
  std::string name = arguments.type;
  if (name.empty()) {
    if (words.empty()) {
      return fail(ErrorKind::kInvalid, "a TYPE is missing: `faultline toxic types` lists them");
    }
    name = words.front();
    words.erase(words.begin());
  }
  const auto type = toxic_type_named(name);
  if (!type) {
    if (find_toxic_type(arguments.proxy) == nullptr) return Fail(type.error());
    return fail(ErrorKind::kInvalid, "no toxic type `" + name +
                                         "`; the proxy's name comes first: toxic add " + name +
                                         " " + arguments.proxy);
  }
  auto settings = settings_in(words, **type);
  if (!settings) return Fail(settings.error());
  return Described{*type, *std::move(settings)};
}

/// An option that is no attribute's, but has the name of one of `type`. With -t it means what it
/// says, as in Toxiproxy's form.
Result<void> check_meaning(const ToxicArguments& arguments, const ToxicType& type) {
  if (!arguments.type.empty()) return {};
  for (const AttributeType& attribute : type.attributes) {
    const std::string name = "--" + attribute.name;
    const CLI::Option* option = arguments.command->get_option_no_throw(name);
    const bool is_other = option != nullptr && option->count() > 0 && !option->get_group().empty();
    if (!is_other) continue;
    return fail(ErrorKind::kInvalid, name + ": `" + type.name + "` has an attribute `" +
                                         attribute.name + "`, too: write " + attribute.name +
                                         "=VALUE for it, or -t " + type.name + " with -a and " +
                                         name + " for what the option means");
  }
  return {};
}

/// Adds "latency=200ms" to `attributes`. As Toxiproxy has it (-a), a number without a unit is of
/// the attribute's own.
Result<void> add_attribute(const ToxicType& type, const std::string& setting, bool as_toxiproxy,
                           Json& attributes) {
  const auto one = parse_setting(type, setting);
  if (!one) return Fail(one.error());
  const AttributeType& attribute = *one->attribute;
  if (attributes.contains(attribute.name)) {
    return fail(ErrorKind::kInvalid, "`" + attribute.name + "` is given twice");
  }
  if (as_toxiproxy && !attribute.is_text()) {
    const auto value = attribute.parse(one->value);
    if (!value) return Fail(value.error());
    attributes[attribute.name] = attribute_view(attribute, *value);
  } else {
    attributes[attribute.name] = attribute.is_text() ? Json(one->value) : written(one->value);
  }
  return {};
}

/// `words` are those behind PROXY that are attributes.
Result<Json> attributes_of(const ToxicType& type, const std::vector<std::string>& words,
                           const ToxicArguments& arguments) {
  Json attributes = Json::object();
  for (const std::string& setting : arguments.attributes) {
    const auto added = add_attribute(type, setting, /*as_toxiproxy=*/true, attributes);
    if (!added) return Fail(added.error());
  }
  std::vector<std::string> settings = words;
  for (const auto& [name, value] : arguments.attribute_options) {
    settings.push_back(name + "=" + value);
  }
  for (const std::string& setting : settings) {
    const auto added = add_attribute(type, setting, /*as_toxiproxy=*/false, attributes);
    if (!added) return Fail(added.error());
  }
  return attributes;
}

/// "upstream" or "downstream"; "" if nothing is said.
Result<std::string> stream_of(const ToxicArguments& arguments) {
  if (arguments.upstream && arguments.downstream) {
    return fail(ErrorKind::kInvalid, "Only one should be specified: upstream or downstream.");
  }
  if (arguments.on.empty()) {
    return std::string(arguments.upstream ? "upstream" : arguments.downstream ? "downstream" : "");
  }
  if (arguments.upstream || arguments.downstream) {
    return fail(ErrorKind::kInvalid, "--on says what --upstream and --downstream say: give one");
  }
  if (arguments.on == "request") return std::string("upstream");
  if (arguments.on == "response") return std::string("downstream");
  if (arguments.on == "both") {
    return fail(ErrorKind::kInvalid,
                "--on: a toxic is for one direction: add one on request, one on response");
  }
  return fail(ErrorKind::kInvalid, "--on must be `request` or `response`, not `" + arguments.on +
                                       "`" + did_you_mean(arguments.on, {"request", "response"}));
}

void add_life(const ToxicArguments& arguments, Json& body) {
  if (!arguments.ttl.empty()) body["ttl"] = arguments.ttl;
  if (!arguments.owner.empty()) body["owner"] = arguments.owner;
  if (!arguments.reason.empty()) body["reason"] = arguments.reason;
  if (!arguments.lease.empty()) body["lease"] = arguments.lease;
}

/// What a server of this version has against it.
Result<void> check(const Json& body) {
  const auto document =
      parse_strict_json(body.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!document) return Fail(document.error());
  return decode_toxic(*document, Dialect::kV1).map([](const ToxicSpec&) {});
}

bool starts_a_clause(std::string_view message, std::string_view subject) {
  return message.starts_with(subject) && message.size() > subject.size() &&
         (message[subject.size()] == ' ' || message[subject.size()] == ':');
}

/// "match.connections" of "/match/connections".
std::string dotted(std::string_view pointer) {
  std::string text(pointer.substr(1));
  std::replace(text.begin(), text.end(), '/', '.');
  return text;
}

Error told_of(const std::string& option, std::string_view pointer, Error error) {
  for (const std::string& subject :
       {dotted(pointer), std::string(pointer.substr(pointer.rfind('/') + 1))}) {
    if (!starts_a_clause(error.message, subject)) continue;
    error.message.replace(0, subject.size(), option);
    return error;
  }
  error.message.insert(0, option + ": ");
  return error;
}

}  // namespace

Error in_options(Error error, const ToxicArguments& arguments) {
  constexpr std::string_view kAttributes = "/attributes/";
  const std::string pointer = std::exchange(error.pointer, "");
  if (pointer.starts_with(kAttributes)) {
    const std::string name = pointer.substr(kAttributes.size());
    const bool is_option = arguments.attribute_options.count(name) > 0;
    return is_option ? told_of("--" + name, pointer, std::move(error)) : error;
  }
  for (const auto& [place, option] : kOptions) {
    if (pointer == place || pointer.starts_with(std::string(place) + "/")) {
      return told_of(std::string(option), place, std::move(error));
    }
  }
  return error;
}

Result<bool> has_stream(const ToxicType& type, const ToxicArguments& arguments) {
  const Links links = type.usual_links();
  const ConditionOptions& conditions = arguments.conditions;
  const bool counts_bytes =
      links == Links::kWhole && !(conditions.after.empty() && conditions.until.empty());
  const bool says_one = arguments.upstream || arguments.downstream || !arguments.on.empty();
  if (links == Links::kOwn || counts_bytes || !says_one) return links == Links::kOwn;
  std::string advice =
      arguments.on.empty() ? "leave --upstream and --downstream out" : "leave --on out";
  if (links == Links::kWhole) {
    advice += "; with --after or --until they say whose bytes count";
  } else if (type.attribute_index("side") >= 0) {
    advice += "; -a side=... says whose side fails";
  }
  return fail(ErrorKind::kInvalid, "`" + type.name + "` is for the whole connection: " + advice);
}

Result<Json> toxic_request(const ToxicArguments& arguments) {
  const auto described = described_by(arguments);
  if (!described) return Fail(described.error());
  const ToxicType& type = *described->type;
  if (const auto meant = check_meaning(arguments, type); !meant) return Fail(meant.error());
  if (const auto checked = has_stream(type, arguments); !checked) return Fail(checked.error());
  const auto stream = stream_of(arguments);
  if (!stream) return Fail(stream.error());
  auto attributes = attributes_of(type, described->settings, arguments);
  if (!attributes) return Fail(attributes.error());
  const auto conditions = conditions_of(arguments.conditions);
  if (!conditions) return Fail(conditions.error());

  Json body = {{"type", type.name}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  if (!stream->empty()) body["stream"] = *stream;
  if (!arguments.toxicity.empty()) body["toxicity"] = written(arguments.toxicity);
  body["attributes"] = *std::move(attributes);
  write_conditions(*conditions, body);
  add_life(arguments, body);
  if (const auto checked = check(body); !checked) {
    return Fail(in_options(checked.error(), arguments));
  }
  return body;
}

Result<Json> toxic_patch(const ToxicArguments& arguments, const ToxicType& type) {
  if (arguments.live && arguments.conditions.shadow) {
    return fail(ErrorKind::kInvalid, "--shadow and --no-shadow: give one");
  }
  const auto settings = settings_in(arguments.words, type);
  if (!settings) return Fail(settings.error());
  auto attributes = attributes_of(type, *settings, arguments);
  if (!attributes) return Fail(attributes.error());
  Json body = Json::object();
  if (!attributes->empty()) body["attributes"] = *std::move(attributes);
  if (!arguments.toxicity.empty()) body["toxicity"] = written(arguments.toxicity);
  if (!arguments.conditions.affects.empty()) body["affects"] = arguments.conditions.affects;
  if (!arguments.conditions.on_remove.empty()) body["on_remove"] = arguments.conditions.on_remove;
  if (arguments.conditions.shadow || arguments.live) body["shadow"] = arguments.conditions.shadow;
  add_life(arguments, body);
  return body;
}

}  // namespace faultline
