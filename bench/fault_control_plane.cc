#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "bench/echo_load.h"
#include "bench/fault_bench.h"
#include "bench/socket.h"
#include "bench/statistics.h"
#include "bench/stop.h"
#include "bench/subscribers.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kReachPatience = 20s;
constexpr Duration kDropPatience = 60s;  // Buffers have to fill, and then ten seconds to pass.
constexpr Duration kLook = 1ms;
constexpr std::size_t kReasonBytes = 1000;  // As long as may be: events fill buffers with it.

/// A kind of call, and what all calls of it took.
struct Call {
  const char* label;
  const char* method;
  const char* path;
  std::string body;
  std::vector<double> reply_ms{};
};

/// In the order in which they are made. The toxic is added, changed and removed.
std::vector<Call> all_calls() {
  static constexpr const char* kToxic = "/v1/proxies/bench/toxics/lag";
  const std::string added = R"({"type":"latency","name":"lag","attributes":{"latency":"20ms"},)"
                            R"("ttl":"10m","owner":"bench","reason":")" +
                            std::string(kReasonBytes, 'r') + "\"}";
  return {{"GET /v1/proxies", "GET", "/v1/proxies", ""},
          {"GET /v1/stats", "GET", "/v1/stats", ""},
          {"GET /v1/connections?limit=100", "GET", "/v1/connections?limit=100", ""},
          {"POST a latency", "POST", "/v1/proxies/bench/toxics", added},
          {"PATCH it", "PATCH", kToxic, R"({"attributes":{"latency":"30ms"}})"},
          {"DELETE it", "DELETE", kToxic, ""},
          {"GET /v1/events, a list of 100", "GET", "/v1/events", ""}};
}

/// The number of the last event. Errors: of the call.
Result<std::uint64_t> last_event(const LiveFaultline& api) {
  const auto list = api.call("GET", "/v1/events?limit=1", "");
  if (!list) return Fail(list.error());
  return number_in(*list, "next");
}

/// One control plane under load: the connections, who follows the events, and the caller.
class ControlPlane {
 public:
  ControlPlane(FaultBench bench, const ControlPlaneSettings& settings)
      : bench_(bench),
        settings_(settings),
        target_(bench.proxy.target()),
        load_(target_, {.connections = settings.dialled, .rate = settings.echo_rate}) {}

  /// Opens all connections and subscribes. Errors: kNetwork, kInvalid.
  Result<void> prepare() {
    if (auto connected = load_.connect_all(); !connected) return connected;
    if (auto held = hold(); !held) return held;
    if (auto reached = reach_all(); !reached) return reached;
    const auto since = last_event(bench_.api);
    if (!since) return Fail(since.error());
    const std::size_t stalled = settings_.subscribers / 2;
    return subscribers_.start(bench_.api.api_port(), *since,
                              {.reading = settings_.subscribers - stalled, .stalled = stalled});
  }

  /// Makes all calls, with echoes all the while. Errors: a call was refused or lost.
  Result<void> run() {
    Result<void> called;
    std::thread caller([&] {
      called = make_calls();
      load_.end_window();
    });
    echoes_ = load_.run({.warm_up = {}, .length = kLongest});
    caller.join();
    if (!called) return called;
    const auto last = last_event(bench_.api);
    if (!last) return Fail(last.error());
    told_ = subscribers_.end(*last);
    return {};
  }

  const std::vector<Call>& calls() const { return calls_; }
  const Subscribers::Summary& told() const { return told_; }
  const LoadResult& echoes() const { return echoes_; }

 private:
  /// The connections that no upstream is dialled for: accepted, and that is all.
  Result<void> hold() {
    const std::size_t count = settings_.connections - settings_.dialled;
    if (count == 0) return {};
    const auto added =
        bench_.api.add_toxic({"blackhole", {{"side", "upstream"}, {"scope", "new"}}, "hold"});
    if (!added) return Fail(added.error());
    while (held_.size() < count) {
      auto socket = connect_and_greet({target_.port}, target_.origin.greeting(Role::kEcho));
      if (!socket) return Fail(socket.error());
      held_.push_back(*std::move(socket));
    }
    return {};
  }

  /// Waits until a toxic reaches every connection: so many are live. Errors: also
  /// kNetwork, it does not.
  Result<void> reach_all() {
    const TimePoint deadline = now() + kReachPatience;
    std::uint64_t reached = 0;
    while (reached != settings_.connections && now() < deadline && !stop_requested()) {
      if (auto added = bench_.api.add_toxic({"noop"}); !added) return Fail(added.error());
      const auto list = bench_.api.call("GET", "/v1/events?limit=1", "");
      if (!list) return Fail(list.error());
      reached = number_in(*list, "connections");
      if (auto gone = bench_.api.remove_toxic("noop"); !gone) return Fail(gone.error());
    }
    if (reached == settings_.connections) return {};
    return fail(ErrorKind::kNetwork, "of " + std::to_string(settings_.connections) +
                                         " connections, " + std::to_string(reached) + " are live");
  }

  /// One call after the other, at a steady pace, until there are enough and all who do
  /// not read have been dropped.
  Result<void> make_calls() {
    const auto distance =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / settings_.rate));
    TimePoint due = now();
    const TimePoint last_due = due + kDropPatience;
    for (std::size_t round = 0; !stop_requested(); ++round) {
      const bool is_waiting = settings_.awaits_drops && now() < last_due &&
                              subscribers_.drops() < settings_.subscribers / 2;
      if (round >= settings_.calls_each && !is_waiting) return {};
      for (Call& call : calls_) {
        std::this_thread::sleep_until(due);
        due = std::max(due + distance, now());  // One that was slow is not made up for.
        const auto took = bench_.api.time(call.method, call.path, call.body);
        if (!took) return Fail(took.error());
        call.reply_ms.push_back(std::chrono::duration<double, std::milli>(*took).count());
      }
    }
    return {};
  }

  FaultBench bench_;
  const ControlPlaneSettings settings_;
  const Target target_;
  EchoLoad load_;
  std::vector<FileDescriptor> held_;
  Subscribers subscribers_;
  std::vector<Call> calls_ = all_calls();
  Subscribers::Summary told_;
  LoadResult echoes_;
};

FaultTable empty_table(const ControlPlaneSettings& settings) {
  const std::size_t held = settings.connections - settings.dialled;
  const std::size_t stalled = settings.subscribers / 2;
  return {.name = "control-plane",
          .title = "The control API with " + std::to_string(settings.connections) +
                   " live connections and " + std::to_string(settings.subscribers) +
                   " subscribers of events",
          .note = "Calls one after another, each on a connection of its own, " +
                  format_number(settings.rate) +
                  " a second: the toxic is added to, changed on and removed from all connections. "
                  "Of these " +
                  std::to_string(settings.dialled) + " have an upstream, and take " +
                  format_number(settings.echo_rate) + " 64-byte echoes a second in turn; " +
                  std::to_string(held) +
                  " are accepted and held without one, where the two files that an upstream makes "
                  "of a connection would be too many for a process. " +
                  std::to_string(stalled) +
                  " subscribers never read. Dropped: how many of those, by the events that each "
                  "of the others was told" +
                  (settings.awaits_drops
                       ? ". That has to be all; events missed by the others, and echoes lost, 0."
                       : "; this run is too short for any. Events missed by the others, and "
                         "echoes lost, have to be 0."),
          .row_heading = "call",
          .columns = {{"calls", "calls"},
                      {"reply_p50_ms", "reply: median (ms)"},
                      {"reply_p99_ms", "reply: p99 (ms)"},
                      {"reply_most_ms", "reply: most (ms)"},
                      {"dropped_subscribers", "dropped"},
                      {"missed_events", "events missed"},
                      {"lost_echoes", "echoes lost"}},
          .rows = {}};
}

FaultTable::Row row_of(const char* label, const std::vector<double>& reply_ms) {
  FaultTable::Row row{label, {static_cast<double>(reply_ms.size())}};
  for (const double share : {0.5, 0.99, 1.0}) row.values.push_back(quantile(reply_ms, share));
  std::fprintf(stderr, "control-plane, %s: reply p50 %.2f ms, p99 %.2f ms\n", label, row.values[1],
               row.values[2]);
  row.values.resize(7, kNoValue);
  return row;
}

void add_rows(FaultTable& table, const ControlPlane& plane) {
  std::vector<double> all;
  for (const Call& call : plane.calls()) {
    table.rows.push_back(row_of(call.label, call.reply_ms));
    all.insert(all.end(), call.reply_ms.begin(), call.reply_ms.end());
  }
  FaultTable::Row row = row_of("all", all);
  row.values[4] = static_cast<double>(plane.told().drops);
  row.values[5] = static_cast<double>(plane.told().missed);
  row.values[6] = static_cast<double>(plane.echoes().lost);
  table.rows.push_back(std::move(row));
}

}  // namespace

FaultTable measure_control_plane(FaultBench bench, const ControlPlaneSettings& settings) {
  const std::string where = "control-plane";
  FaultTable table = empty_table(settings);
  ControlPlane plane(bench, settings);
  Result<void> done = plane.prepare();
  if (done) done = plane.run();
  if (!done) bench.add_problem(where, done.error().message);
  if (!done || stop_requested()) return table;
  if (plane.echoes().failures > 0) bench.add_problem(where, plane.echoes().first_failure);
  const Subscribers::Summary& told = plane.told();
  if (!told.fault.empty()) bench.add_problem(where, told.fault);
  if (told.missed > 0) bench.add_problem(where, "subscribers who read missed events");
  if (settings.awaits_drops && told.drops != settings.subscribers / 2) {
    bench.add_problem(where, "not all subscribers who never read were dropped");
  }
  add_rows(table, plane);
  return table;
}

}  // namespace faultline::bench
