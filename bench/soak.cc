#include "bench/soak.h"

#include <cstdio>
#include <functional>
#include <thread>

#include "bench/bulk_load.h"
#include "bench/connect_load.h"
#include "bench/echo_load.h"
#include "bench/stop.h"
#include "bench/throwaway_load.h"
#include "bench/toxic_churn.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr const char* kWhere = "soak";
constexpr const char* kRough = "rough";  // The proxy whose toxics end connections.
constexpr Duration kBetweenSteps = 100ms;
constexpr Duration kBetweenLines = 10s;
constexpr Duration kGrace = 2s;
constexpr double kBearableShare = 0.1;  // What memory may grow by, and besides...
constexpr double kBearableMegabytes = 4;

/// The load is paused after these shares of it. The first leg is a warm-up, the second
/// shows what the process needs.
constexpr double kPauses[] = {0.1, 0.2, 0.6, 1};
constexpr std::size_t kWarm = 0;
constexpr std::size_t kSettled = 1;

/// What the process holds, with no connection open and no toxic set.
struct Rest {
  std::size_t open_files = 0;
  double resident_megabytes = 0;
};

/// What went through, so far.
struct Totals {
  std::uint64_t toxic_calls = 0;
  std::uint64_t echoes = 0;
  std::uint64_t bulk_bytes = 0;
  std::uint64_t requests = 0;
  std::uint64_t throwaways = 0;
};

/// One soak.
class Soak {
 public:
  Soak(FaultBench bench, const SoakSettings& settings)
      : bench_(bench), settings_(settings), target_(bench.proxy.target()), started_(now()) {}

  FaultTable run();

 private:
  void run_leg(Duration length);
  void change_toxics(TimePoint end);
  bool note(const Result<void>& result);
  void note(const LoadResult& load);
  Rest look();
  void add_row(const std::string& label, const Rest& rest);
  void judge(const std::vector<Rest>& rests);
  void show_progress();

  FaultBench bench_;
  const SoakSettings settings_;
  const Target target_;
  const TimePoint started_;
  TimePoint next_line_ = now() + kBetweenLines;
  Totals totals_;
  FaultTable table_{.name = kWhere,
                    .title = "Everything at once, and what it leaves behind",
                    .note =
                        "Echoes, uploads, downloads and connections for one request, while "
                        "toxics are added, changed and removed ten times a second; and "
                        "connections that are thrown away, or ended by toxics. The load is "
                        "stopped now and then, and the figures of the process are those two "
                        "seconds later. The counts are those since the start.",
                    .row_heading = "load so far",
                    .columns = {{"open_files", "descriptors"},
                                {"resident_megabytes", "resident MB"},
                                {"toxic_calls", "toxic calls"},
                                {"echoes", "echoes"},
                                {"bulk_gigabytes", "bulk GB"},
                                {"requests", "requests"},
                                {"throwaways", "thrown away"}},
                    .rows = {}};
};

FaultTable Soak::run() {
  add_row("none", look());
  std::vector<Rest> rests;
  double done = 0;
  for (const double share : kPauses) {
    const std::chrono::duration<double> whole = settings_.length;
    run_leg(std::chrono::duration_cast<Duration>(whole * (share - done)));
    done = share;
    for (TimePoint end = now() + kGrace; now() < end && !stop_requested();) {
      std::this_thread::sleep_for(kBetweenSteps);
    }
    if (stop_requested()) return table_;
    rests.push_back(look());
    add_row(format_number(whole.count() * share) + " s", rests.back());
    if (!bench_.problems.empty()) break;  // It does not get better.
  }
  if (bench_.problems.empty()) judge(rests);
  if (auto ended = bench_.proxy.end(); !ended) {
    bench_.add_problem(kWhere, ended.error().message);
    std::fprintf(stderr, "%s\n", bench_.proxy.log().c_str());
  }
  return table_;
}

/// All kinds of load for `length`, each in a thread of its own.
void Soak::run_leg(Duration length) {
  const auto rough_port = bench_.api.add_proxy(kRough, target_.origin.port());
  if (!rough_port) {
    bench_.add_problem(kWhere, rough_port.error().message);
    return;
  }
  const Target rough{.origin = target_.origin, .port = *rough_port, .cost = {}};
  BulkLoad download(target_, {.way = BulkSettings::Way::kDownload, .connections = 2});
  BulkLoad upload(target_, {.way = BulkSettings::Way::kUpload, .connections = 2});
  EchoLoad echo(target_, {.connections = 16, .message_bytes = 1'024});
  ConnectLoad connect(target_, {.at_once = 4, .answer_bytes = 1'024});
  ThrowawayLoad throwaway(rough, 8);
  note(download.start());
  note(upload.start());
  note(echo.connect_all());

  const Window window{.warm_up = {}, .length = length};
  const auto run_bulk = [&](BulkLoad& load) {
    LoadResult result = load.measure(window);
    load.finish(result);
    return result;
  };
  const std::vector<std::function<LoadResult()>> loads = {
      [&] { return run_bulk(download); }, [&] { return run_bulk(upload); },
      [&] { return echo.run(window); }, [&] { return connect.run(window); },
      [&] { return throwaway.run(length); }};
  std::vector<LoadResult> results(loads.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    threads.emplace_back([&, i] { results[i] = loads[i](); });
  }
  change_toxics(now() + length);
  for (std::thread& thread : threads) thread.join();
  for (const LoadResult& result : results) note(result);
  totals_.bulk_bytes += results[0].bytes + results[1].bytes;
  totals_.echoes += results[2].operations;
  totals_.requests += results[3].operations;
  totals_.throwaways += results[4].operations;
  if (auto removed = bench_.api.remove_proxy(kRough); !removed) {
    bench_.add_problem(kWhere, removed.error().message);
  }
}

/// None is left in the end: what they hold goes on, and the loads can finish.
void Soak::change_toxics(TimePoint end) {
  ToxicChurn gentle(bench_.api, gentle_toxics());
  ToxicChurn rough(bench_.api.on(kRough), rough_toxics());
  while (now() < end && !stop_requested()) {
    const TimePoint next = std::min(end, now() + kBetweenSteps);
    if (!note(gentle.step()) || !note(rough.step())) break;
    show_progress();
    std::this_thread::sleep_until(next);
  }
  note(gentle.remove_all());
  note(rough.remove_all());
  totals_.toxic_calls += gentle.calls() + rough.calls();
}

/// Whether it went well.
bool Soak::note(const Result<void>& result) {
  if (!result) bench_.add_problem(kWhere, result.error().message);
  return result.has_value();
}

void Soak::note(const LoadResult& load) {
  if (load.failures > 0) bench_.add_problem(kWhere, load.first_failure);
}

Rest Soak::look() {
  return {.open_files = target_.cost->open_files(),
          .resident_megabytes = static_cast<double>(target_.cost->memory().resident_bytes) / 1e6};
}

void Soak::add_row(const std::string& label, const Rest& rest) {
  const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
  table_.rows.push_back(
      {label,
       {count(rest.open_files), rest.resident_megabytes, count(totals_.toxic_calls),
        count(totals_.echoes), count(totals_.bulk_bytes) / 1e9, count(totals_.requests),
        count(totals_.throwaways)}});
}

void Soak::judge(const std::vector<Rest>& rests) {
  const Rest& last = rests.back();
  if (last.open_files != rests[kWarm].open_files) {
    bench_.add_problem(kWhere, std::to_string(rests[kWarm].open_files) +
                                   " descriptors were open after the warm-up, " +
                                   std::to_string(last.open_files) + " in the end");
  }
  const double before = rests[kSettled].resident_megabytes;
  const bool has_grown =
      last.resident_megabytes > before * (1 + kBearableShare) + kBearableMegabytes;
  if (has_grown && settings_.checks_memory) {
    bench_.add_problem(kWhere, "resident memory grew from " + format_number(before) + " to " +
                                   format_number(last.resident_megabytes) + " MB");
  }
}

void Soak::show_progress() {
  if (now() < next_line_) return;
  next_line_ += kBetweenLines;
  const Rest present = look();
  std::fprintf(stderr, "soak, %.0f s: %zu descriptors, %.1f MB, %zu problems\n",
               std::chrono::duration<double>(now() - started_).count(), present.open_files,
               present.resident_megabytes, bench_.problems.size());
}

}  // namespace

FaultTable soak(FaultBench bench, const SoakSettings& settings) {
  return Soak(bench, settings).run();
}

}  // namespace faultline::bench
