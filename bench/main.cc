// faultline_bench: starts the contenders, puts them under load side by side,
// and says what was seen.

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "bench/contender.h"
#include "bench/disturbance.h"
#include "bench/live_faultline.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/soak.h"
#include "bench/socket.h"
#include "bench/stop.h"
#include "bench/suite.h"

namespace faultline::bench {

namespace {

constexpr int kExitProblem = 1;
constexpr int kExitUsage = 2;
constexpr int kExitSignalled = 128;  // And the number of the signal, as shells say it.

using Contenders = std::vector<std::unique_ptr<Contender>>;

/// Whether a workload of that name was asked for.
bool is_wanted(const std::string& name, const Options& options) {
  return options.workloads.empty() ||
         std::any_of(options.workloads.begin(), options.workloads.end(),
                     [&](const std::string& start) { return name.rfind(start, 0) == 0; });
}

void note(Report& report, const std::string& text) {
  std::fprintf(stderr, "skipped: %s\n", text.c_str());
  report.notes.push_back(text);
}

/// The contender of that name, not started; null if there is no such kind.
std::unique_ptr<Contender> make_contender(const std::string& name, const LaunchSettings& settings,
                                          OriginProcess& origin) {
  if (name == "direct") return std::make_unique<Direct>(origin);
  for (const LaunchedProxy::Kind& kind : LaunchedProxy::kinds()) {
    if (name == kind.name) return std::make_unique<LaunchedProxy>(kind, settings, origin);
  }
  return nullptr;
}

/// Those that could be started. Errors: kInvalid, there is no such contender.
Result<Contenders> start_contenders(const Options& options, const LaunchSettings& settings,
                                    OriginProcess& origin, Report& report) {
  Contenders named;
  for (const std::string& name : options.contenders) {
    named.push_back(make_contender(name, settings, origin));
    if (named.back() == nullptr) {
      return fail(ErrorKind::kInvalid, "there is no contender `" + name + "`; see --help");
    }
  }
  for (const PeerOption& peer : options.peers) {
    named.push_back(std::make_unique<Peer>(peer.name, peer.port, peer.process, origin));
  }
  Contenders started;
  for (std::unique_ptr<Contender>& contender : named) {
    if (stop_requested()) break;
    if (auto ready = contender->start(); !ready) {
      const std::string what = contender->name() + ": " + ready.error().message;
      if (contender->name() == kOurs) {
        report.problems.push_back(what);
      } else {
        note(report, what);
      }
    } else {
      started.push_back(std::move(contender));
    }
  }
  return started;
}

void compare(const Options& options, const Suite& suite, const Contenders& contenders,
             Report& report) {
  Comparison comparison(contenders, suite.window);
  for (const Workload& workload : suite.workloads) {
    if (stop_requested()) return;
    if (!is_wanted(workload.name, options)) continue;
    const auto* idle = std::get_if<IdleSettings>(&workload.settings);
    for (const auto& contender : contenders) {
      if (idle == nullptr || idle->connections <= contender->most_connections()) continue;
      note(report, workload.name + ": " + std::to_string(contender->most_connections()) +
                       " connections for " + contender->name() +
                       ", which starts a process for each");
    }
    report.comparisons.push_back(comparison.run(workload));
  }
  report.problems.insert(report.problems.end(), comparison.problems().begin(),
                         comparison.problems().end());
}

/// Starts our proxy, if it is among `contenders`, and adds what `measure` finds
/// out about it. A new process for each table: what earlier loads have left
/// behind is none of its business.
template <class Measure>
void measure_ours(const std::string& name, const Contenders& contenders, Report& report,
                  const Measure& measure) {
  const auto ours = std::find_if(contenders.begin(), contenders.end(),
                                 [](const auto& contender) { return contender->name() == kOurs; });
  if (ours == contenders.end() || stop_requested()) return;
  auto& proxy = dynamic_cast<LaunchedProxy&>(**ours);
  const Result<void> started = proxy.start();
  const auto live = started ? LiveFaultline::find(proxy) : Fail(started.error());
  if (!live) {
    report.problems.push_back(name + ": " + live.error().message);
    return;
  }
  report.faults.push_back(
      measure(FaultBench{.proxy = proxy, .api = *live, .problems = report.problems}));
}

void measure_faults(const Options& options, const Suite& suite, const Contenders& contenders,
                    Report& report) {
  const auto run = [&](const char* name, const auto& measure) {
    if (is_wanted(name, options)) measure_ours(name, contenders, report, measure);
  };
  run("latency-accuracy", [&](const FaultBench& bench) {
    return measure_latency_accuracy(bench, suite.latency_crowds, suite.fault_window);
  });
  run("bandwidth-accuracy", [&](const FaultBench& bench) {
    return measure_bandwidth_accuracy(bench, suite.bandwidths_kilobytes, suite.bandwidth_window);
  });
  if (suite.bandwidth_sharers > 0) {
    run("bandwidth-shared", [&](const FaultBench& bench) {
      return measure_bandwidth_shared(bench, suite.bandwidth_sharers, suite.bandwidth_window);
    });
  }
  run("throughput-under-latency", [&](const FaultBench& bench) {
    return measure_throughput_under_latency(bench, suite.latencies_ms, suite.fault_window);
  });
  run("packet-filter-cost", [&](const FaultBench& bench) {
    return measure_packet_filter_cost(bench, suite.filter_downloads, suite.filter_rounds,
                                      suite.filter_window);
  });
  run("change-effect", [&](const FaultBench& bench) {
    return measure_change(bench, suite.change_crowd, suite.changes_each);
  });
  run("zone-cut", [&](const FaultBench& bench) { return measure_zone_cut(bench, suite.zone_cut); });
  run("control-plane",
      [&](const FaultBench& bench) { return measure_control_plane(bench, suite.control_plane); });
}

Suite suite_for(const Options& options) {
  Suite suite = suite_of(options.scale);
  for (Workload& workload : suite.workloads) {
    if (options.rounds > 0) workload.rounds = options.rounds;
  }
  if (options.window_seconds > 0) {
    suite.window.length =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.window_seconds));
  }
  return suite;
}

/// How many measurements gave figures: rounds of contenders, and cases of toxics.
std::size_t count_measured(const Report& report) {
  std::size_t count = 0;
  for (const WorkloadResult& result : report.comparisons) {
    for (const ContenderResult& contender : result.contenders) {
      count += static_cast<std::size_t>(
          std::count_if(contender.rounds.begin(), contender.rounds.end(),
                        [](const Sample& sample) { return !sample.empty(); }));
    }
  }
  for (const FaultTable& table : report.faults) count += table.rows.size();
  return count;
}

/// Writes `text` where the user wants it, if anywhere.
void write_report(const std::string& path, const std::string& text, Report& report) {
  if (path.empty()) return;
  if (!write_file(path, text)) report.problems.push_back("cannot write " + path);
}

int finish(const Options& options, Report& report) {
  write_report(options.json_path, to_json(report), report);
  if (!report.comparisons.empty()) write_report(options.svg_path, to_svg(report), report);
  std::fputs(to_markdown(report).c_str(), stdout);
  std::fflush(stdout);  // Before what comes on stderr, which may be the same file.
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  for (const std::string& problem : report.problems) {
    std::fprintf(stderr, "problem: %s\n", problem.c_str());
  }
  const std::size_t measured = count_measured(report);
  std::fprintf(stderr, "%zu passed, %zu failed\n", measured, report.problems.size());
  return measured > 0 && report.problems.empty() ? 0 : kExitProblem;
}

int complain(const Error& error) {
  std::fprintf(stderr, "faultline_bench: %s\n", error.message.c_str());
  return error.kind == ErrorKind::kInvalid ? kExitUsage : kExitProblem;
}

int run(const Options& options) {
  catch_stop_signals();
  prctl(PR_SET_TIMERSLACK, 1);  // Else messages are sent up to 0.05 ms late.
  const std::size_t open_files = raise_open_files_limit();
  const TemporaryFolder folder;
  const LaunchSettings settings{.folder = folder.path(),
                                .faultline_binary = options.faultline_binary,
                                .workers = options.workers,
                                .most_open_files = open_files};
  Suite suite = suite_for(options);
  Report report;
  report.version = FAULTLINE_VERSION;
  report.machine = this_machine();
  report.window = suite.window;
  report.workers = options.workers;
  fit_to_open_files(suite, open_files, report.notes);
  // Each begins with the name of its workload.
  std::erase_if(report.notes, [&](const std::string& note) {
    return options.soak_seconds > 0 || !is_wanted(note, options);
  });
  const auto origin = OriginProcess::start(options.origin_port);
  if (!origin) return complain(origin.error());
  const auto contenders = start_contenders(options, settings, **origin, report);
  if (!contenders) return complain(contenders.error());
  std::vector<pid_t> peers;
  for (const PeerOption& peer : options.peers) peers.push_back(peer.process);
  const Disturbance disturbance(peers);
  if (options.soak_seconds > 0) {
    const std::chrono::duration<double> length(options.soak_seconds);
    measure_ours("soak", *contenders, report, [&](const FaultBench& bench) {
      return soak(bench, {.length = std::chrono::duration_cast<Duration>(length),
                          .checks_memory = options.checks_memory});
    });
  } else {
    compare(options, suite, *contenders, report);
    measure_faults(options, suite, *contenders, report);
  }
  report.warnings = disturbance.warnings();
  if (stop_requested()) {
    std::fprintf(stderr, "stopped\n");
    return kExitSignalled + stop_signal();
  }
  return finish(options, report);
}

}  // namespace

}  // namespace faultline::bench

int main(int argc, char** argv) {
  namespace bench = faultline::bench;
  auto options = bench::parse_options({argv + 1, argv + argc});
  if (!options) return bench::complain(options.error());
  if (!options->help.empty()) {
    std::fputs(options->help.c_str(), stdout);
    return 0;
  }
  if (options->faultline_binary.empty()) {
    options->faultline_binary =
        std::filesystem::read_symlink("/proc/self/exe").replace_filename("faultline").string();
  }
  if (options->soak_seconds > 0) options->contenders = {bench::kOurs};
  return bench::run(*options);
}
