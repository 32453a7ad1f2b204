#include "bench/truth/options.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "bench/option_parser.h"

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

constexpr const char* kSummary =
    "Faultline's `path` toxic beside a link that really loses packets: an emulated link\n"
    "between two network namespaces, with the kernel's TCP at both ends. Goodput, fetches\n"
    "on fresh connections, echoes and connects, for round trips of 10, 40 and 100 ms and a\n"
    "loss of 0, 0.1, 1, 3 and 10 %.\n";

constexpr const char* kClosing =
    "Tables go to standard output as Markdown, progress to standard error. It needs to be\n"
    "root, and /dev/net/tun; where these are not to be had it says so and exits with 0. It\n"
    "exits with 1 if a figure misses its criterion or something went wrong, 2 if it was\n"
    "called wrongly, 130 after Ctrl-C, 143 after SIGTERM.";

/// An option whose value is one of some words.
template <class Choice>
void add_choice(CLI::App& app, const std::string& name, Choice& target,
                const std::map<std::string, Choice>& words, const std::string& summary) {
  app.add_option_function<std::string>(
         name, [&target, words](const std::string& word) { target = words.at(word); }, summary)
      ->check(CLI::IsMember(words));
}

void add_links(CLI::App& app, Options& options) {
  app.add_flag_callback(
      "--quick", [&options] { options.scale = Scale::kQuick; },
      "Five links instead of fifteen, about three minutes instead of seven");
  app.add_flag_callback(
      "--smoke", [&options] { options.scale = Scale::kSmoke; },
      "One link for a second or two: whether it works");
  app.add_option_function<std::vector<std::string>>(
         "--only",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const auto cell = parse_cell(text);
             if (!cell) throw CLI::ValidationError("--only", cell.error().message);
             options.only.push_back(*cell);
           }
         },
         "This link instead of the grid, as rtt=40,loss=1%; may be repeated")
      ->allow_extra_args(false);
}

void add_faults(CLI::App& app, Options& options) {
  add_choice<LossOn>(app, "--loss-on", options.kind.loss_on,
                     {{"downstream", LossOn::kDownstream},
                      {"upstream", LossOn::kUpstream},
                      {"both", LossOn::kBoth}},
                     "Downstream is server to client, the default");
  app.add_option("--bursts", options.kind.burst_length,
                 "Losses in bursts of so many packets in the mean (Gilbert-Elliott), the same "
                 "share in all; the truth alone")
      ->check(CLI::Range(1.0, 1e6));
  app.add_option("--congestion", options.congestion,
                 "cubic (the default), reno, or, for the truth, what the kernel has");
  app.add_option("--seed", options.seed, "Of what is lost, and when exchanges begin (default 1)");
  add_choice<Fault>(app, "--toxic", options.fault,
                    {{"path", Fault::kPath}, {"latency", Fault::kLatency}},
                    "path is the default; latency is the delay alone, without loss");
}

/// As many exchanges whatever the grid; the more links at once, the longer it
/// takes, so that the machine keeps up.
LoadPlan plan_of(Scale scale, std::size_t cells) {
  if (scale == Scale::kSmoke) {
    return {.requests = 1s,
            .patience = 5s,
            .echoes = 100,
            .fetches = 20,
            .connects = 10,
            .bulk_warm_up = 200ms,
            .bulk = 1s};
  }
  return {.requests = std::max<Duration>(20s, 8s * static_cast<std::int64_t>(cells)),
          .patience = 30s,
          .echoes = 20'000,
          .fetches = 1'200,
          .connects = 1'200,
          .bulk_warm_up = 5s,
          .bulk = scale == Scale::kQuick ? 25s : 60s};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  CLI::App app(kSummary, "faultline_truth");
  app.footer(kClosing);
  add_links(app, options);
  add_choice<Sides>(
      app, "--side", options.sides,
      {{"both", Sides::kBoth}, {"truth", Sides::kTruth}, {"faultline", Sides::kFaultline}},
      "What is measured; both is the default");
  add_faults(app, options);
  app.add_option("--faultline", options.faultline_binary,
                 "The binary to measure (default: beside this program)");
  app.add_option("--json", options.json_path, "A file for all figures");
  if (auto taken = take_arguments(app, arguments, options.help); !taken) return Fail(taken.error());
  if (options.kind.burst_length > 1 && options.sides != Sides::kTruth) {
    return fail(ErrorKind::kInvalid,
                "bursts are not compared with the `path` toxic's: --bursts needs --side truth");
  }
  return options;
}

Task task_of(const Options& options) {
  Task task;
  task.cells = options.only;
  if (task.cells.empty()) {
    switch (options.scale) {
      case Scale::kSmoke:
        task.cells = {{.rtt_ms = 10, .loss = 0.01}};
        break;
      case Scale::kQuick:
        task.cells = quick_grid();
        break;
      case Scale::kFull:
        task.cells = full_grid();
        break;
    }
  }
  task.kind = options.kind;
  task.loads = {.plan = plan_of(options.scale, task.cells.size()),
                .congestion = options.congestion,
                .seed = options.seed};
  return task;
}

}  // namespace faultline::bench::truth
