// connections, events, lease, halt, clean, why, stats, config dump, assert: what /v1 has
// beyond Toxiproxy's API.

#include <cstdlib>
#include <memory>

#include "base/quantities.h"
#include "cli/assertion.h"
#include "cli/assertion_wait.h"
#include "cli/command_tree.h"
#include "cli/event_line.h"
#include "cli/exit_codes.h"
#include "cli/v1_action.h"
#include "cli/watch.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// What the commands of this file are given; each takes what it needs.
struct V1Arguments {
  std::string word;  ///< An id, a claim, "dump".
  std::string proxy;
  std::string client;
  std::string toxic;
  std::string partition;
  std::string run;
  std::string at;
  std::string kill;
  std::string with = "fin";
  std::string owner;
  std::string reason;
  std::string ttl;
  std::string renew;
  std::string end;
  std::string within = "0s";
  int limit = 100;
  std::string lease;
  bool lift = false;
  bool follow = false;
  bool hold = false;
};

using V1Action = int (*)(const Invocation&, const V1Remote&, const V1Arguments&);

/// One line a connection: "3-17  redis  127.0.0.1:40000  open  1.5s  slow (lag: client)".
void print_connection(const Console& console, const Json& connection) {
  std::string toxics;
  for (const Json& toxic : connection.value("toxics", Json::array())) {
    if (!toxic.is_object()) continue;
    const std::string name = text_at(toxic, "name");
    const bool is_on = toxic.value("in_force", false);
    // A part of a partition that is between other zones than these.
    if (!is_on && text_at(toxic, "why_not") == "zone") continue;
    toxics += "  " + (is_on ? console.yellow(name)
                            : console.dim(name + " (not: " + text_at(toxic, "why_not") + ")"));
  }
  console.out << console.bold(text_at(connection, "id")) << "  " << text_at(connection, "proxy")
              << "  " << text_at(connection, "client") << "  " << text_at(connection, "state")
              << "  " << text_at(connection, "age") << toxics << '\n';
}

int connections(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  if (!given.kill.empty()) {
    if (invocation.watch) return usage_error(invocation, "--watch shows, --kill ends: give one");
    const auto ended = remote.call(
        "DELETE", "/v1/connections/" + path_segment(given.kill) + query_of({{"with", given.with}}));
    if (!ended) return report_v1(invocation, ended.error());
    if (wants_json(invocation)) print_indented(invocation, *ended);
    return kExitOk;
  }
  std::string cursor;
  Json all = Json::array();
  do {
    const auto page = remote.call("GET", "/v1/connections" + query_of({{"proxy", given.proxy},
                                                                       {"client", given.client},
                                                                       {"toxic", given.toxic},
                                                                       {"limit", "1000"},
                                                                       {"cursor", cursor}}));
    if (!page) return report_v1(invocation, page.error());
    for (const Json& connection : page->value("connections", Json::array())) {
      if (wants_json(invocation)) {
        all.push_back(connection);
      } else {
        print_connection(invocation.console, connection);
      }
    }
    const std::string next = text_at(*page, "next");
    if (next == cursor) break;
    cursor = next;
  } while (!cursor.empty());
  if (wants_json(invocation)) print_indented(invocation, all);
  return kExitOk;
}

int why(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  const auto history =
      remote.call("GET", "/v1/why" + query_of({{"client", given.client}, {"at", given.at}}));
  if (!history) return report_v1(invocation, history.error());
  if (wants_json(invocation)) {
    print_indented(invocation, *history);
    return kExitOk;
  }
  for (const Json& live : history->value("live", Json::array())) {
    print_connection(invocation.console, live);
  }
  for (const Json& ended : history->value("ended", Json::array())) {
    std::string toxics;
    for (const Json& toxic : ended.value("toxics", Json::array())) {
      toxics += (toxics.empty() ? ", with the toxics " : ", ") +
                printable(toxic.is_string() ? toxic.get<std::string>() : "");
    }
    invocation.console.out << invocation.console.bold(text_at(ended, "id")) << "  "
                           << text_at(ended, "proxy") << "  ended " << text_at(ended, "ended")
                           << " after " << text_at(ended, "lasted") << ", by "
                           << text_at(ended, "ended_by") << " with " << text_at(ended, "with")
                           << toxics << '\n';
  }
  return kExitOk;
}

/// Until the stream ends, which is an error.
int follow_events(const Invocation& invocation, const V1Remote& remote, const std::string& path) {
  return report_v1(invocation, remote.follow(path, [&](const Json& event) {
    if (wants_json(invocation)) {
      invocation.console.out << event.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
    } else {
      print_event(invocation.console, event);
    }
    invocation.console.out.flush();
  }));
}

int events(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  if (given.follow) {
    return follow_events(invocation, remote,
                         "/v1/events" + query_of({{"type", given.word},
                                                  {"proxy", given.proxy},
                                                  {"toxic", given.toxic},
                                                  {"partition", given.partition},
                                                  {"run", given.run},
                                                  {"lease", given.lease}}));
  }
  if (!given.lease.empty()) {
    return usage_error(invocation, "events: --lease is held by a stream: say --follow, too");
  }
  const auto list =
      remote.call("GET", "/v1/events" + query_of({{"type", given.word},
                                                  {"proxy", given.proxy},
                                                  {"toxic", given.toxic},
                                                  {"partition", given.partition},
                                                  {"run", given.run},
                                                  {"limit", std::to_string(given.limit)}}));
  if (!list) return report_v1(invocation, list.error());
  if (wants_json(invocation)) {
    print_indented(invocation, *list);
    return kExitOk;
  }
  for (const Json& event : list->value("events", Json::array())) {
    print_event(invocation.console, event);
  }
  return kExitOk;
}

/// Until the lease is ended by another, or the server is gone.
int hold(const Invocation& invocation, const V1Remote& remote, const std::string& id) {
  // No event has that type: nothing but pings comes.
  const std::string path = "/v1/events" + query_of({{"type", "none"}, {"lease", id}});
  const Error end = remote.follow(path, [](const Json& /*event*/) {});
  const auto still_there = remote.call("GET", "/v1/leases/" + path_segment(id));
  const bool is_gone = !still_there && still_there.error().kind == ErrorKind::kNotFound;
  return report_v1(invocation, is_gone ? still_there.error() : end);
}

int lease(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  const int asked =
      (given.ttl.empty() ? 0 : 1) + (given.renew.empty() ? 0 : 1) + (given.end.empty() ? 0 : 1);
  if (asked > 1) return usage_error(invocation, "lease: give one of --ttl, --renew and --end");
  if (given.ttl.empty() && !(given.owner.empty() && given.reason.empty())) {
    return usage_error(invocation, "lease: --owner and --reason are for a new one: say its --ttl");
  }
  if (given.hold && given.ttl.empty()) {
    return usage_error(invocation, "lease: --hold makes one and holds it: say its --ttl, too");
  }
  Result<Json> answer = Json(nullptr);
  if (!given.renew.empty()) {
    answer = remote.call("POST", "/v1/leases/" + path_segment(given.renew) + "/renew");
  } else if (!given.end.empty()) {
    answer = remote.call("DELETE", "/v1/leases/" + path_segment(given.end));
  } else if (!given.ttl.empty()) {
    answer = remote.call("POST", "/v1/leases",
                         {{"ttl", given.ttl}, {"owner", given.owner}, {"reason", given.reason}});
  } else {
    answer = remote.call("GET", "/v1/leases");
  }
  if (!answer) return report_v1(invocation, answer.error());
  if (wants_json(invocation) || answer->contains("leases")) {
    if (!answer->is_null()) print_indented(invocation, *answer);
  } else if (answer->contains("id")) {
    invocation.console.out << text_at(*answer, "id") << '\n';  // For $(faultline lease --ttl 30s).
  }
  if (!given.hold || !answer->contains("id")) return kExitOk;
  invocation.console.out.flush();
  return hold(invocation, remote, text_at(*answer, "id"));
}

int halt(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  if (!given.lift && given.reason.empty()) {
    return usage_error(invocation,
                       "halt: say why, with --reason; or --lift, to allow faults again");
  }
  const auto answer = given.lift ? remote.call("DELETE", "/v1/halt")
                                 : remote.call("POST", "/v1/halt",
                                               {{"reason", given.reason}, {"owner", given.owner}});
  if (!answer) return report_v1(invocation, answer.error());
  if (wants_json(invocation)) {
    if (!answer->is_null()) print_indented(invocation, *answer);
  } else if (given.lift) {
    invocation.console.out << "faults may begin again\n";
  } else {
    invocation.console.out
        << text_at(*answer, "removed")
        << " toxics and partitions removed; none may begin until `faultline halt --lift`"
        << (answer->value("survives_restart", false) ? "\n" : ", or until the server ends\n");
  }
  return kExitOk;
}

int clean(const Invocation& invocation, const V1Remote& remote, const V1Arguments& /*none*/) {
  const auto left = remote.lingering();
  if (!left) return report_v1(invocation, left.error());
  if (wants_json(invocation)) print_indented(invocation, *left);
  for (const Json& one : *left) {
    if (wants_json(invocation)) break;
    std::string what = text_at(one, "proxy");
    if (const std::string toxic = text_at(one, "toxic"); !toxic.empty()) what += "/" + toxic;
    if (what.empty()) what = text_at(one, "partition");
    if (what.empty()) what = text_at(one, "run");
    invocation.console.out << text_at(one, "kind") << "  " << what << "  " << text_at(one, "count")
                           << '\n';
  }
  return left->empty() ? kExitOk : kExitFailed;
}

int stats(const Invocation& invocation, const V1Remote& remote, const V1Arguments& /*none*/) {
  const auto answer = remote.call("GET", "/v1/stats");
  if (!answer) return report_v1(invocation, answer.error());
  if (wants_json(invocation)) {
    print_indented(invocation, *answer);
    return kExitOk;
  }
  const Console& console = invocation.console;
  for (const Json& proxy : answer->value("proxies", Json::array())) {
    console.out << console.bold(text_at(proxy, "name")) << "  "
                << text_at(proxy, "connections_active") << " connections of "
                << text_at(proxy, "connections_total") << '\n';
    for (const Json& toxic : proxy.value("toxics", Json::array())) {
      console.out << "  " << console.yellow(text_at(toxic, "name")) << "  met "
                  << text_at(toxic, "met") << ", matched " << text_at(toxic, "matched")
                  << ", applied to " << text_at(toxic, "applied") << "; "
                  << text_at(toxic, "delayed_bytes") << " bytes delayed, "
                  << text_at(toxic, "dropped_bytes") << " dropped\n";
    }
  }
  return kExitOk;
}

int config(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  if (given.word != "dump") return usage_error(invocation, "config: the word to say is `dump`");
  const auto answer = remote.call("GET", "/v1/config");
  if (!answer) return report_v1(invocation, answer.error());
  print_indented(invocation, *answer);
  return kExitOk;
}

int assert_claim(const Invocation& invocation, const V1Remote& remote, const V1Arguments& given) {
  const auto claim = Assertion::parse(given.word);
  if (!claim) return usage_error(invocation, claim.error().message);
  const auto within = parse_duration(given.within);
  if (!within) return usage_error(invocation, "--within: " + within.error().message);
  return wait_for(invocation, remote, *claim, given.word, *within);
}

void bind_v1(CLI::App& command, Invocation& invocation,
             const std::shared_ptr<V1Arguments>& arguments, V1Action action) {
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, arguments, action] {
    return show(invocation, [&](const Invocation& shown) {
      return with_v1(shown,
                     [&](const V1Remote& remote) { return action(shown, remote, *arguments); });
    });
  });
}

void add_text(CLI::App& command, const std::string& name, std::string& target,
              const std::string& type, const std::string& help) {
  command.add_option(name, target, help)->type_name(type);
}

}  // namespace

void add_v1_commands(CLI::App& root, Invocation& invocation) {
  const auto add = [&](const std::string& name, const std::string& summary, V1Action action,
                       const std::string& examples) {
    const auto given = std::make_shared<V1Arguments>();
    CLI::App& command = add_command(root, {name}, summary, examples);
    bind_v1(command, invocation, given, action);
    return std::pair<CLI::App&, V1Arguments&>(command, *given);
  };
  {
    const auto [command, given] =
        add("connections", "List live connections, and what toxics do to each", connections,
            "  faultline connections --toxic slow\n"
            "  faultline connections --proxy redis --watch\n"
            "  faultline connections --kill 3-17 --with rst");
    add_text(command, "--proxy", given.proxy, "NAME", "Of this proxy");
    add_text(command, "--client", given.client, "ADDRESS", "From 10.1.0.0/16, or 10.1.2.3:40000");
    add_text(command, "--toxic", given.toxic, "NAME", "On which this toxic is in force");
    add_text(command, "--kill", given.kill, "ID", "End this one");
    add_text(command, "--with", given.with, "fin|rst", "... with FIN (the default) or RST");
    add_watch_option(command, invocation);
  }
  {
    const auto [command, given] =
        add("why", "Tell what happened to a client's connections", why,
            "  faultline why --client 10.1.2.3:40000\n"
            "  faultline why --client 10.1.2.3:40000 --at 2026-11-28T09:30:00Z");
    command.add_option("--client", given.client, "The client's address and port")
        ->required()
        ->type_name("IP:PORT");
    add_text(command, "--at", given.at, "TIME", "Those that were there then (RFC 3339, UTC)");
  }
  {
    const auto [command, given] = add("events", "Show what has changed, when and by whom", events,
                                      "  faultline events\n"
                                      "  faultline events --partition b-cut\n"
                                      "  faultline events --run az-slow-4f2k\n"
                                      "  faultline events --follow --type toxic.");
    add_text(command, "--type", given.word, "TYPES", "Types or their beginnings: toxic.,halt.");
    add_text(command, "--proxy", given.proxy, "NAME", "Of this proxy");
    add_text(command, "--toxic", given.toxic, "NAME", "Of toxics of this name");
    add_text(command, "--partition", given.partition, "NAME", "Of partitions of this name");
    add_text(command, "--run", given.run, "ID", "Of this run, and of its faults");
    command.add_flag("--follow,-f", given.follow, "Go on with what happens, until Ctrl-C");
    add_text(command, "--lease", given.lease, "ID",
             "With --follow: hold this lease, so that it does not end before");
    command.add_option("--limit", given.limit, "The last so many (default 100, 1000 at most)")
        ->type_name("NUMBER");
  }
  {
    const auto [command, given] =
        add("lease", "Make, renew or end a lease that toxics and partitions can be bound to", lease,
            "  LEASE=$(faultline lease --ttl 30s --owner nightly)\n"
            "  faultline lease --renew $LEASE\n  faultline lease --end $LEASE\n"
            "  faultline lease --ttl 5s --hold > lease.id &           # ends 5s after it");
    add_text(command, "--ttl", given.ttl, "DURATION", "Make one that lasts so long");
    command.add_flag("--hold", given.hold,
                     "... and hold it until this command is ended, by whatever; then it has its\n"
                     "ttl left");
    add_text(command, "--owner", given.owner, "WHO", "Whose it is");
    add_text(command, "--reason", given.reason, "TEXT", "What it is for");
    add_text(command, "--renew", given.renew, "ID", "Begin its time anew");
    add_text(command, "--end", given.end, "ID",
             "End it, and every toxic and partition bound to it");
  }
  {
    const auto [command, given] =
        add("halt", "Remove every toxic and partition at once, and refuse new ones", halt,
            "  faultline halt --reason 'checkout is down'\n  faultline halt --lift");
    add_text(command, "--reason", given.reason, "TEXT", "Why");
    add_text(command, "--owner", given.owner, "WHO", "By whom");
    command.add_flag("--lift", given.lift, "Allow faults again; none comes back by itself");
  }
  add("clean", "Exit with 0 if nothing of any fault is left, else list it", clean,
      "  faultline clean && echo done");
  const auto [stats_command, none] = add("stats", "Show what proxies and toxics have done", stats,
                                         "  faultline stats\n  faultline stats --watch=500ms\n"
                                         "  faultline stats -o json | jq '.proxies[].toxics'");
  add_watch_option(stats_command, invocation);
  {
    const auto [command, given] = add("config", "Print a configuration that makes what there is",
                                      config, "  faultline config dump > kept.json");
    command.add_option("WHAT", given.word, "dump")->required()->type_name("");
  }
  {
    const auto [command, given] =
        add("assert", "Exit with 0 once a claim about a toxic or partition holds, else with 1",
            assert_claim,
            "  faultline assert 'toxic redis/slow applied >= 10' --within 5s\n"
            "  faultline assert 'partition b-cut crossed == 0 and matched > 0'\n"
            "\nA partition that has ended is judged by what it came to: a claim can be made after\n"
            "`zone heal`. Exits with 5 if it has matched nothing, and so proved nothing.");
    command
        .add_option("CLAIM", given.word,
                    "toxic PROXY/TOXIC or partition NAME, then COUNT COMPARISON NUMBER, and\n"
                    "perhaps `and` with another")
        ->required()
        ->type_name("");
    add_text(command, "--within", given.within, "DURATION", "How long to wait for it (default 0s)");
  }
}

}  // namespace faultline
