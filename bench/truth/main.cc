// faultline_truth: measures a link that loses packets, and Faultline playing one.

#include <sched.h>
#include <sys/prctl.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "bench/child.h"
#include "bench/socket.h"
#include "bench/stop.h"
#include "bench/truth/ground_truth.h"
#include "bench/truth/options.h"
#include "bench/truth/report.h"
#include "bench/truth/through_faultline.h"
#include "bench/wakefulness.h"

namespace faultline::bench::truth {

namespace {

constexpr int kExitProblem = 1;
constexpr int kExitUsage = 2;
constexpr int kPriority = 1;         // Of real-time; the emulator has more.
constexpr int kExitSignalled = 128;  // And the number of the signal, as shells say it.

int complain(const Error& error) {
  std::fprintf(stderr, "faultline_truth: %s\n", error.message.c_str());
  return error.kind == ErrorKind::kInvalid ? kExitUsage : kExitProblem;
}

/// Takes one side's figures into the report.
void take(const Measurement& measurement, std::vector<Figures>& side, Report& report) {
  for (const CellSamples& samples : measurement.samples) side.push_back(figures_of(samples));
  for (std::size_t i = 0; i < side.size(); ++i) {
    if (!side[i].is_whole()) {
      report.problems.push_back(report.task.cells[i].label() + ": some loads gave no figures");
    }
  }
  report.notes.insert(report.notes.end(), measurement.notes.begin(), measurement.notes.end());
  report.problems.insert(report.problems.end(), measurement.problems.begin(),
                         measurement.problems.end());
  // Doubtful times are worth nothing to compare, but show that it works.
  std::vector<std::string>& doubts = report.is_judged ? report.problems : report.notes;
  doubts.insert(doubts.end(), measurement.doubts.begin(), measurement.doubts.end());
}

int finish(const Options& options, Report& report) {
  if (!options.json_path.empty() && !write_file(options.json_path, to_json(report))) {
    report.problems.push_back("cannot write " + options.json_path);
  }
  std::fputs(to_markdown(report).c_str(), stdout);
  std::fflush(stdout);  // Before what comes on stderr, which may be the same file.
  for (const std::string& problem : report.problems) {
    std::fprintf(stderr, "problem: %s\n", problem.c_str());
  }
  const Tally tally = count(report);
  const std::size_t bad = tally.failed + report.problems.size();
  const std::size_t good =
      report.is_judged && tally.passed + tally.failed > 0 ? tally.passed : report.task.cells.size();
  std::fprintf(stderr, "%zu passed, %zu failed\n", good, bad);
  return bad == 0 ? 0 : kExitProblem;
}

int run(const Options& options) {
  catch_stop_signals();
  const Wakefulness wakefulness;  // Before the priority, for both sides alike.
  prctl(PR_SET_TIMERSLACK, 1);    // Else requests are sent up to 0.05 ms late.
  // Before other programs: for us and all that we start, so for both sides alike. A
  // client that waits for a processor would measure that, not the link.
  const sched_param priority{.sched_priority = kPriority};
  sched_setscheduler(0, SCHED_RR, &priority);
  raise_open_files_limit();
  Report report;
  report.version = FAULTLINE_VERSION;
  report.machine = this_machine();
  report.task = task_of(options);
  report.is_judged = options.scale != Scale::kSmoke;
  if (options.sides != Sides::kFaultline) {
    if (auto allowed = ground_truth_is_allowed(); !allowed) {
      std::fprintf(stderr, "skipped: the ground truth needs root and /dev/net/tun: %s\n",
                   allowed.error().message.c_str());
      return 0;
    }
  }
  // Ours first: if it does not know the toxic, nobody waits for minutes to hear so.
  if (options.sides != Sides::kTruth) {
    const auto ours = measure_faultline(
        report.task, {.binary = options.faultline_binary, .fault = options.fault});
    if (!ours) return complain(ours.error());
    take(*ours, report.ours, report);
  }
  if (options.sides != Sides::kFaultline && !stop_requested()) {
    const auto truth = measure_ground_truth(report.task);
    if (!truth) return complain(truth.error());
    take(*truth, report.truth, report);
  }
  if (stop_requested()) {
    std::fprintf(stderr, "stopped\n");
    return kExitSignalled + stop_signal();
  }
  return finish(options, report);
}

}  // namespace

}  // namespace faultline::bench::truth

int main(int argc, char** argv) {
  namespace truth = faultline::bench::truth;
  auto options = truth::parse_options({argv + 1, argv + argc});
  if (!options) return truth::complain(options.error());
  if (!options->help.empty()) {
    std::fputs(options->help.c_str(), stdout);
    return 0;
  }
  if (options->faultline_binary.empty()) {
    options->faultline_binary =
        std::filesystem::read_symlink("/proc/self/exe").replace_filename("faultline").string();
  }
  return truth::run(*options);
}
