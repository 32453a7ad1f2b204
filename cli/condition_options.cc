#include "cli/condition_options.h"

#include <charconv>

#include "cli/command_tree.h"

namespace faultline {

namespace {

/// 0 if the option was not given.
Result<std::int64_t> count_of(const std::string& option, const std::string& text) {
  if (text.empty()) return 0;
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec == std::errc() && parsed.ptr == end && count > 0) return count;
  return fail(ErrorKind::kInvalid, option + ": `" + text + "` is not a whole number from 1 up");
}

}  // namespace

void add_reach_options(CLI::App& command, ConditionOptions& options) {
  command
      .add_option("--affects", options.affects,
                  "Connections made from now on, those open now, or both")
      ->type_name("new|open|both");
  command
      .add_option("--on-remove", options.on_remove,
                  "What its connections do when it is removed: go on, end with FIN, end with RST")
      ->type_name("resume|close|reset");
  command.add_flag("--shadow", options.shadow, "Matches and counts, and does nothing");
}

void add_condition_options(CLI::App& command, ConditionOptions& options) {
  const auto add_prefixes = [&command](const std::string& name, std::vector<std::string>& values,
                                       const std::string& help) {
    add_repeated_option(command, name, values, "CIDR",
                        help + ", an address or a prefix, as often as needed");
  };
  add_prefixes("--client", options.clients, "Only clients from there");
  add_prefixes("--not-client", options.not_clients, "No clients from there");
  add_repeated_option(command, "--destination", options.destinations, "WHERE",
                      "Only connections to there, as often as needed: a prefix, or a name like "
                      "*.internal, with or without :PORT");
  const auto add = [&command](const std::string& name, std::string& value, const std::string& type,
                              const std::string& help) {
    command.add_option(name, value, help)->type_name(type);
  };
  add("--share", options.share, "SHARE", "Only this share of the connections, e.g. 30%");
  add("--share-by", options.share_by, "ordinal|client",
      "Whether each connection is drawn (ordinal), or each client's address");
  add("--after-connections", options.after_connections, "N",
      "Only connections behind the first N made from now on");
  add("--first", options.first, "N", "Only the first N of these");
  add("--every", options.every, "N", "Only each Nth of these");
  add("--pulse", options.pulse, "ON/OFF[/JITTER]", "In force by turns, e.g. 2s/5s");
  add("--poisson", options.poisson, "ON/OFF",
      "In force by chance, e.g. 200ms/20s: so long on average");
  add("--after", options.after, "X", "Only after a time or bytes on each connection: 10s, 64KiB");
  add("--until", options.until, "X", "Only until a time or bytes on each connection: 60s, 1MB");
  add("--ramp", options.ramp, "ATTRIBUTE=FROM..TO/OVER",
      "An attribute that changes by itself, e.g. latency=0..200/60s");
  add_reach_options(command, options);
  add("--max-connections", options.max_connections, "N", "Ends instead of hitting more than N");
  add("--max-share", options.max_share, "SHARE",
      "Ends instead of hitting more of the open connections, e.g. 20%");
  add("--max-bytes-delayed", options.max_bytes_delayed, "SIZE",
      "Ends once it has held more, e.g. 10MB");
}

Result<ToxicConditions> conditions_of(const ConditionOptions& options) {
  ToxicConditions conditions{.clients = options.clients,
                             .not_clients = options.not_clients,
                             .destinations = options.destinations,
                             .share = options.share,
                             .share_by = options.share_by,
                             .after = options.after,
                             .until = options.until,
                             .affects = options.affects,
                             .on_remove = options.on_remove,
                             .shadow = options.shadow,
                             .max_share = options.max_share,
                             .max_bytes_delayed = options.max_bytes_delayed};
  const auto after = count_of("--after-connections", options.after_connections);
  if (!after) return Fail(after.error());
  conditions.after_connections = *after;
  const auto first = count_of("--first", options.first);
  if (!first) return Fail(first.error());
  conditions.first = *first;
  const auto every = count_of("--every", options.every);
  if (!every) return Fail(every.error());
  conditions.every = *every;
  const auto most = count_of("--max-connections", options.max_connections);
  if (!most) return Fail(most.error());
  conditions.max_connections = *most;
  if (!options.pulse.empty()) {
    const auto pulse = parse_turns(options.pulse, /*takes_jitter=*/true);
    if (!pulse) return within("--pulse", pulse.error());
    conditions.pulse = *pulse;
  }
  if (!options.poisson.empty()) {
    const auto poisson = parse_turns(options.poisson, /*takes_jitter=*/false);
    if (!poisson) return within("--poisson", poisson.error());
    conditions.poisson = *poisson;
  }
  if (!options.ramp.empty()) {
    const auto ramp = parse_ramp(options.ramp);
    if (!ramp) return within("--ramp", ramp.error());
    conditions.ramp = *ramp;
  }
  return conditions;
}

}  // namespace faultline
