// run: plays a timeline on a server, and watches it; list, show and abort runs.

#include <chrono>
#include <memory>
#include <utility>

#include "cli/command_tree.h"
#include "cli/exit_codes.h"
#include "cli/run_view.h"
#include "cli/signal_wait.h"
#include "cli/terminal_size.h"
#include "cli/timeline_source.h"
#include "cli/v1_action.h"
#include "control-api/v1_document.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kLookEvery{250};
constexpr std::chrono::milliseconds kAtOnce{0};

/// What the command is given.
struct RunArguments {
  std::string word;  ///< A preset, a file, or list, show, abort.
  std::string id;    ///< Of a run, for show and abort.
  std::string zone;
  std::vector<std::string> with;
  std::string speed;
  std::string owner;
  std::string reason;
  std::string lease;
  bool dry_run = false;
  bool detach = false;
};

std::string run_path(const std::string& id) {
  return "/v1/runs/" + path_segment(id);
}

// ---- list, show, abort -------------------------------------------------------

int list_runs(const Invocation& invocation) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto runs = remote.call("GET", "/v1/runs");
    if (!runs) return report_v1(invocation, runs.error());
    if (wants_json(invocation)) {
      print_indented(invocation, *runs);
      return kExitOk;
    }
    for (const Json& run : runs->value("runs", Json::array())) {
      invocation.console.out << run_line(run, invocation.console) << '\n';
    }
    return kExitOk;
  });
}

int show_run(const Invocation& invocation, const std::string& id) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto run = remote.call("GET", run_path(id));
    if (!run) return report_v1(invocation, run.error());
    if (wants_json(invocation)) {
      print_indented(invocation, *run);
      return kExitOk;
    }
    invocation.console.out << run_line(*run, invocation.console) << '\n' << plan_in_words(*run);
    for (const std::string& news : news_of(nullptr, *run)) {
      invocation.console.out << news << '\n';
    }
    return kExitOk;
  });
}

int abort_run(const Invocation& invocation, const RunArguments& given) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto run = remote.call("DELETE", tried(run_path(given.id), given.dry_run));
    if (!run) return report_v1(invocation, run.error(), "Failed to abort the run");
    if (wants_json(invocation)) {
      print_indented(invocation, *run);
    } else {
      invocation.console.out << run_line(*run, invocation.console) << '\n';
    }
    return kExitOk;
  });
}

// ---- run ---------------------------------------------------------------------

Json request_of(const TimelineSource& source, const TimelineValues& values,
                const RunArguments& given) {
  Json request = Json::object();
  if (source.file.empty()) {
    request["preset"] = source.preset;
  } else {
    request["timeline"] = json_of(source.document);
  }
  for (const auto& [name, value] : values) {
    std::visit([&, key = &name](const auto& one) { request["with"][*key] = one; }, value);
  }
  for (const auto& [key, text] :
       {std::pair("speed", &given.speed), std::pair("owner", &given.owner),
        std::pair("reason", &given.reason), std::pair("lease", &given.lease)}) {
    if (!text->empty()) request[key] = *text;
  }
  return request;
}

/// Where the command line says what stands at `pointer` of the request: "--with for: ".
std::string place_in_words(const std::string& pointer) {
  constexpr std::string_view kWith = "/with/";
  if (pointer == "/with/zone") return "--zone: ";
  if (pointer.starts_with(kWith)) return "--with " + pointer.substr(kWith.size()) + ": ";
  return pointer.empty() || pointer == "/preset" ? "" : "--" + pointer.substr(1) + ": ";
}

/// What becomes of a run, as it becomes so: lines, and on a terminal one that changes.
class Progress {
 public:
  explicit Progress(const Invocation& invocation)
      : console_(invocation.console), is_quiet_(wants_json(invocation)) {}

  void show(const Json& run) {
    if (is_quiet_) return;
    clear();
    for (const std::string& line : news_of(shown_, run)) console_.out << line << '\n';
    shown_ = run;
    if (console_.is_terminal && text_at(run, "state") == "running") {
      // Cut, and not wrapped should it not fit all the same: it is taken away as one row.
      console_.out << "\x1b[?7l" << console_.dim(cut_to(progress_line(run), terminal_size().width))
                   << "\x1b[?7h";
      has_live_line_ = true;
    }
    console_.out.flush();
  }

  /// Takes the line away that changes.
  void clear() {
    if (std::exchange(has_live_line_, false)) console_.out << "\r\x1b[K";
  }

 private:
  const Console& console_;
  const bool is_quiet_;
  Json shown_ = nullptr;
  bool has_live_line_ = false;
};

int tell_end(const Invocation& invocation, Progress& progress, const Json& run) {
  progress.show(run);
  progress.clear();
  if (wants_json(invocation)) {
    print_indented(invocation, run);
  } else {
    invocation.console.out << text_at(run, "id") << ": " << end_in_words(run) << '\n';
  }
  return exit_code_of_run(run);
}

/// A server that hangs holds up nobody: it has a second, and another signal ends this at once.
int abort_for(int signal, const Invocation& invocation, const V1Remote& remote, SignalWait& signals,
              Progress& progress, const std::string& id) {
  signals.release();
  progress.clear();
  const auto aborted = remote.within(std::chrono::seconds(1)).call("DELETE", run_path(id));
  if (!aborted) {
    report_v1(invocation, aborted.error(), "Run " + id + " may go on, it could not be aborted");
  } else {
    tell_end(invocation, progress, *aborted);
  }
  return 128 + signal;
}

/// Until the run ends, or a signal comes.
int watch(const Invocation& invocation, const V1Remote& remote, SignalWait& signals, Json run) {
  const V1Remote interruptible = remote.interrupted_by(signals.descriptor());
  Progress progress(invocation);
  const std::string id = text_at(run, "id");
  for (;;) {
    if (text_at(run, "state") != "running") return tell_end(invocation, progress, run);
    progress.show(run);
    if (const int signal = signals.wait(kLookEvery); signal != 0) {
      return abort_for(signal, invocation, remote, signals, progress, id);
    }
    auto now = interruptible.call("GET", run_path(id));
    if (!now) {
      if (const int signal = signals.wait(kAtOnce); signal != 0) {
        return abort_for(signal, invocation, remote, signals, progress, id);
      }
      progress.clear();
      return report_v1(invocation, now.error(), "Run " + id + " is out of sight");
    }
    run = *std::move(now);
  }
}

int play(const Invocation& invocation, const RunArguments& given) {
  const auto source = timeline_source(given.word);
  if (!source) return usage_error(invocation, source.error().message);
  const auto values = timeline_values(given.zone, given.with);
  if (!values) return usage_error(invocation, values.error().message);
  if (const auto timeline = timeline_of(*source, *values, given.speed); !timeline) {
    return usage_error(invocation, timeline.error().message);
  }
  SignalWait signals;  // From before it begins: it shall not be left alone.
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto run =
        remote.interrupted_by(signals.descriptor())
            .call("POST", tried("/v1/runs", given.dry_run), request_of(*source, *values, given));
    if (!run) {
      if (const int signal = signals.wait(kAtOnce); signal != 0) {
        const bool may_begin = !given.dry_run;
        invocation.console.err << "no answer yet"
                               << (may_begin ? "; it may begin all the same: `faultline run list`\n"
                                             : "\n");
        return 128 + signal;
      }
      Error error = run.error();
      const std::string place = place_in_file(*source, error.pointer);
      error.message.insert(0, place.empty() ? place_in_words(error.pointer) : place);
      error.pointer.clear();
      return report_v1(invocation, error);
    }
    const bool is_begun = !given.dry_run;
    if (wants_json(invocation) && (given.detach || !is_begun)) {
      print_indented(invocation, *run);
      return kExitOk;
    }
    if (!is_begun) {
      invocation.console.out << "Would play " << plan_in_words(*run);
      return kExitOk;
    }
    if (!wants_json(invocation)) {
      const std::string id = text_at(*run, "id");
      invocation.console.out << "Began run " << invocation.console.bold(id) << ", "
                             << text_at(*run, "length") << "; "
                             << (given.detach ? "`faultline run abort " + id + "`" : "Ctrl-C")
                             << " aborts it" << std::endl;
    }
    if (given.detach) return kExitOk;
    return watch(invocation, remote, signals, *run);
  });
}

int run(const Invocation& invocation, const RunArguments& given) {
  const bool is_about_one = given.word == "show" || given.word == "abort";
  if (is_about_one && given.id.empty()) {
    return usage_error(invocation, "run " + given.word + ": which? `faultline run list` has all");
  }
  if (!is_about_one && !given.id.empty()) {
    return usage_error(invocation, "run: `" + given.id + "` is one word too many");
  }
  if (given.word == "list") return list_runs(invocation);
  if (given.word == "show") return show_run(invocation, given.id);
  if (given.word == "abort") return abort_run(invocation, given);
  return play(invocation, given);
}

}  // namespace

void add_run_command(CLI::App& root, Invocation& invocation) {
  CLI::App& command = add_command(
      root, {"run"}, "Play a timeline: faults in time, such as a zone that loses power",
      "  faultline run az-power-loss --zone b --dry-run\n"
      "  faultline run az-power-loss --zone b --speed 60x --owner me --reason 'game day'\n"
      "  faultline run cache-outage --with 'proxy=cache-*' --with gone=2m\n"
      "  faultline run region-cut --with zones=a,b --detach\n"
      "  faultline run game-day.yaml\n"
      "  faultline run list\n"
      "  faultline run show az-slow-4f2k\n"
      "  faultline run abort az-slow-4f2k\n"
      "\nPresets: az-power-loss, az-isolated, az-slow, cross-az-loss, cache-outage, region-cut;\n"
      "`faultline explain PRESET` says what each does. A file that is called as a preset is\n"
      "./az-slow. Ctrl-C aborts the run.\n"
      "The exit status is 0 if it was played to its end and its faults held, 1 if a byte crossed\n"
      "what should have kept zones apart or the run failed, 4 if a halt ended it, 5 if its faults\n"
      "met nobody, 130 after Ctrl-C.");
  const auto given = std::make_shared<RunArguments>();
  command.add_option("TIMELINE", given->word, "A preset or a file; or list, show or abort")
      ->required()
      ->type_name("");
  command.add_option("ID", given->id, "Of the run to show or abort")->type_name("");
  add_timeline_options(command, given->zone, given->with, given->speed);
  const auto add_text = [&](const std::string& name, std::string& target, const std::string& type,
                            const std::string& help) {
    command.add_option(name, target, help)->type_name(type);
  };
  add_text("--owner", given->owner, "WHO", "Whose it is");
  add_text("--reason", given->reason, "TEXT", "What it is for");
  add_text("--lease", given->lease, "ID", "It ends with this lease");
  command.add_flag("--detach", given->detach, "Begin it, and do not watch it");
  add_dry_run_option(command, given->dry_run);
  add_client_options(command, invocation);
  set_action(command, invocation, [&invocation, given] { return run(invocation, *given); });
}

void add_timeline_options(CLI::App& command, std::string& zone, std::vector<std::string>& with,
                          std::string& speed) {
  command.add_option("--zone", zone, "What ${zone} stands for in the timeline")->type_name("NAME");
  add_repeated_option(command, "--with", with, "NAME=VALUE",
                      "What another stands for, as often as needed; a list has commas: zones=a,b");
  command.add_option("--speed", speed, "So many times as fast: 60x is an hour in a minute")
      ->type_name("TIMES");
}

}  // namespace faultline
