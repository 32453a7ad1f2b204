// profile list, show, apply, remove.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/verify.h"
#include "cli/client_errors.h"
#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/go_number.h"
#include "cli/profiles.h"
#include "cli/remote.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What the commands of this file are given.
struct ProfileArguments {
  std::string proxy;
  std::string profile;
};

int list_profiles(const Invocation& invocation) {
  const Console& console = invocation.console;
  if (wants_json(invocation)) {
    Json json = Json::array();
    for (const Profile& profile : profiles()) {
      json.push_back(
          {{"name", profile.name}, {"summary", profile.summary}, {"source", profile.source}});
    }
    console.out << json.dump(2) << '\n';
    return kExitOk;
  }
  std::size_t width = 0;
  for (const Profile& profile : profiles()) width = std::max(width, profile.name.size());
  for (const Profile& profile : profiles()) {
    console.out << console.bold(padded(profile.name, width)) << "  " << profile.summary << '\n';
  }
  return kExitOk;
}

// ---- show ------------------------------------------------------------------

std::string text_of(const WrittenValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return plain_number(*number);
  return std::to_string(std::get<std::int64_t>(value));
}

void print_toxic(const Console& console, const NewToxic& toxic) {
  console.out << "  " << console.yellow(toxic.name) << "  type=" << toxic.type;
  if (!toxic.stream.empty()) console.out << "  stream=" << toxic.stream;
  console.out << '\n';
  const ToxicType* type = find_toxic_type(toxic.type);
  VERIFY(type != nullptr);
  for (const auto& [name, value] : toxic.attributes) {
    const int index = type->attribute_index(name);
    VERIFY(index >= 0);
    const AttributeType& attribute = type->attributes[static_cast<std::size_t>(index)];
    const std::string text = text_of(value);
    const bool says_unit = text.ends_with('%') || attribute.is_text();
    console.out << "      " << name << '=' << text << (says_unit ? "" : " " + attribute.unit)
                << ": " << attribute.summary << '\n';
  }
  for (const std::string& condition : in_words(toxic.conditions)) {
    console.out << "      " << condition << '\n';
  }
}

int show(const Invocation& invocation, const Profile& profile) {
  const Console& console = invocation.console;
  if (wants_json(invocation)) {
    Json toxics = Json::array();
    for (const NewToxic& toxic : profile.toxics) toxics.push_back(to_json(toxic));
    console.out << toxics.dump(2) << '\n';
    return kExitOk;
  }
  console.out << console.bold(profile.name) << ": " << profile.summary << "\n\n";
  for (const NewToxic& toxic : profile.toxics) print_toxic(console, toxic);
  console.out << "\nSource: " << profile.source << '\n';
  return kExitOk;
}

// ---- apply and remove ------------------------------------------------------

/// Takes toxics away; one that is gone already is fine. What is left is said: "; `lte_2` is left:
/// ...", and where no answer came, that it may be.
std::string take_away(const Remote& remote, const std::string& proxy,
                      const std::vector<std::string>& toxics) {
  std::string left;
  for (const std::string& toxic : toxics) {
    const auto removed = remote.remove_toxic(proxy, toxic);
    if (removed || removed.error().kind == ErrorKind::kNotFound) continue;
    const bool is_sure = removed.error().kind != ErrorKind::kNetwork;
    left += "; `" + toxic + (is_sure ? "` is left: " + removed.error().message : "` may be left");
  }
  return left;
}

/// The names of the first `count` toxics.
std::vector<std::string> first_toxics(const Profile& profile, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(profile.toxics[i].name);
  return names;
}

/// Which of the profile's toxics the proxy has.
std::vector<std::string> toxics_on(const RemoteProxy& proxy, const Profile& profile) {
  std::vector<std::string> names;
  for (const NewToxic& wanted : profile.toxics) {
    const auto is_it = [&](const RemoteToxic& toxic) { return toxic.name == wanted.name; };
    if (std::any_of(proxy.toxics.begin(), proxy.toxics.end(), is_it)) names.push_back(wanted.name);
  }
  return names;
}

int apply(const Invocation& invocation, const Remote& remote, const std::string& proxy,
          const Profile& profile) {
  const Console& console = invocation.console;
  const std::string what = "Failed to apply profile " + profile.name;
  const auto found = remote.find(proxy);
  if (!found) return report_for_proxy(console, remote, what, proxy, found.error());
  const std::vector<std::string> before = toxics_on(*found, profile);
  std::string names;
  Json added = Json::array();
  for (std::size_t i = 0; i < profile.toxics.size(); ++i) {
    const auto toxic = remote.add_toxic(proxy, profile.toxics[i]);
    if (!toxic) {
      Error error = toxic.error();
      if (error.kind == ErrorKind::kConflict) {
        error.message += ": `" + profile.toxics[i].name + "`; `faultline profile remove " + proxy +
                         " " + profile.name + "` takes it away";
      }
      std::vector<std::string> made = first_toxics(profile, i);
      const std::string& name = profile.toxics[i].name;
      const bool is_taken = std::find(before.begin(), before.end(), name) != before.end();
      // One whose reply was lost may be there; what was there before is not ours.
      if (error.kind == ErrorKind::kNetwork && !is_taken) made.push_back(name);
      error.message += take_away(remote, proxy, made);
      return report_for_proxy(console, remote, what, proxy, std::move(error));
    }
    names += (names.empty() ? "" : ", ") + toxic->name;
    added.push_back(Json::parse(toxic->json));
  }
  if (wants_json(invocation)) {
    console.out << added.dump(2) << '\n';
    return kExitOk;
  }
  console.out << printable("Applied profile " + profile.name + " to proxy '" + proxy +
                           "': " + names)
              << '\n'
              << console.dim(printable("`faultline profile remove " + proxy + " " + profile.name +
                                       "` takes it away"))
              << '\n';
  return kExitOk;
}

Error not_applied(const RemoteProxy& proxy) {
  std::string others;
  for (const Profile& other : profiles()) {
    if (!toxics_on(proxy, other).empty()) others += (others.empty() ? "" : ", ") + other.name;
  }
  return {ErrorKind::kNotFound, "it is not applied to proxy '" + proxy.name + "'" +
                                    (others.empty() ? "" : "; what is: " + others)};
}

int remove(const Invocation& invocation, const Remote& remote, const std::string& proxy,
           const Profile& profile) {
  const Console& console = invocation.console;
  const std::string what = "Failed to remove profile " + profile.name;
  const auto found = remote.find(proxy);
  if (!found) return report_for_proxy(console, remote, what, proxy, found.error());
  const std::vector<std::string> toxics = toxics_on(*found, profile);
  if (toxics.empty()) return report(console, what, not_applied(*found));
  const std::string left = take_away(remote, proxy, toxics);
  if (!left.empty()) {
    return report(console, what, {ErrorKind::kInvalid, left.substr(std::string("; ").size())});
  }
  std::string names;
  for (const std::string& toxic : toxics) names += (names.empty() ? "" : ", ") + toxic;
  if (!wants_json(invocation)) {
    console.out << printable("Removed profile " + profile.name + " from proxy '" + proxy +
                             "': " + names)
                << '\n';
  }
  return kExitOk;
}

// ---- The commands ----------------------------------------------------------

using OnProxy = int (*)(const Invocation&, const Remote&, const std::string&, const Profile&);

void add_profile_option(CLI::App& command, ProfileArguments& arguments) {
  command
      .add_option("PROFILE", arguments.profile,
                  "The profile's name; `faultline profile list` has them all")
      ->required()
      ->type_name("");
}

void add_command_on_proxy(CLI::App& parent, Invocation& invocation,
                          const std::vector<std::string>& names, const std::string& summary,
                          const std::string& examples, OnProxy action) {
  CLI::App& command = add_command(parent, names, summary, examples);
  const auto arguments = std::make_shared<ProfileArguments>();
  command.add_option("PROXY", arguments->proxy, "The proxy's name")->required()->type_name("");
  add_profile_option(command, *arguments);
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, arguments, action] {
    const auto profile = profile_named(arguments->profile);
    if (!profile) return usage_error(invocation, profile.error().message);
    const auto remote = remote_at(invocation.url);
    if (!remote) return usage_error(invocation, "--host: " + remote.error().message);
    return action(invocation, *remote, arguments->proxy, **profile);
  });
}

}  // namespace

void add_profile_commands(CLI::App& root, Invocation& invocation) {
  CLI::App& profile = add_command(root, {"profile"}, "Known networks as sets of toxics", "");
  profile.require_subcommand(1);

  CLI::App& listing = add_command(profile, {"list", "ls"}, "List the profiles",
                                  "  faultline profile list\n"
                                  "  faultline profile list -o json");
  add_client_options(listing, invocation);
  set_action(listing, invocation, [&invocation] { return list_profiles(invocation); });

  CLI::App& showing =
      add_command(profile, {"show"}, "Show a profile's toxics, and where its figures come from",
                  "  faultline profile show 3g\n"
                  "  faultline profile show 3g -o json | jq -c '.[]' | while read -r toxic; do\n"
                  "    curl -d \"$toxic\" localhost:8474/proxies/redis/toxics; done");
  const auto arguments = std::make_shared<ProfileArguments>();
  add_profile_option(showing, *arguments);
  add_client_options(showing, invocation);
  set_action(showing, invocation, [&invocation, arguments] {
    const auto named = profile_named(arguments->profile);
    if (!named) return usage_error(invocation, named.error().message);
    return show(invocation, **named);
  });

  add_command_on_proxy(profile, invocation, {"apply"},
                       "Add a profile's toxics to a proxy: all or none",
                       "  faultline profile apply redis 3g\n"
                       "  faultline profile apply db gc-pause",
                       apply);
  add_command_on_proxy(profile, invocation, {"remove", "rm"},
                       "Take a profile's toxics away from a proxy",
                       "  faultline profile remove redis 3g", remove);
}

}  // namespace faultline
