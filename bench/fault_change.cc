#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>

#include "bench/change_effect.h"
#include "bench/echo_load.h"
#include "bench/fault_bench.h"
#include "bench/statistics.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLatencyMs = 100;
constexpr Duration kLatency = std::chrono::milliseconds(kLatencyMs);
constexpr Duration kRoundPatience = 20s;
constexpr Duration kLook = 1ms;
constexpr std::size_t kMessageBytes = 64;

/// Echoes all the while, and all that came back.
class Recorder {
 public:
  /// `target` must outlive it. `control_port`: of a proxy that gets no toxic.
  Recorder(const Target& target, std::uint16_t control_port, const Crowd& crowd)
      : crowd_(crowd),
        load_(target, {.connections = crowd.connections,
                       .message_bytes = kMessageBytes,
                       .rate = crowd.rate,
                       .burst = crowd.burst,
                       .control_port = control_port}) {
    load_.observer = [this](const Message& message, TimePoint when) {
      (message.is_control ? controls_ : echoes_).push_back({message.sent, when});
    };
  }

  Result<void> connect_all() { return load_.connect_all(); }

  /// Until end() is called.
  void run() { result_ = load_.run({.warm_up = {}, .length = kLongest}); }

  void end() { load_.end_window(); }

  /// Waits until a message on each connection has been sent and is back. False
  /// if that takes too long. Any thread.
  bool wait_for_round() const {
    // They go over the connections in turn, but some overtake others on the way back.
    const std::uint64_t enough =
        load_.posted() + crowd_.connections + crowd_.connections / kOvertaking + crowd_.burst;
    const TimePoint deadline = now() + kRoundPatience;
    while (load_.echoed() < enough && now() < deadline && !stop_requested()) {
      std::this_thread::sleep_for(kLook);
    }
    return load_.echoed() >= enough;
  }

  const std::vector<Echo>& echoes() const { return echoes_; }
  const std::vector<Echo>& controls() const { return controls_; }
  const LoadResult& result() const { return result_; }

 private:
  static constexpr std::size_t kOvertaking = 20;  // One in so many, at the most.

  const Crowd crowd_;
  EchoLoad load_;
  std::vector<Echo> echoes_;
  std::vector<Echo> controls_;
  LoadResult result_;
};

/// Adds and removes the toxic, with a message on each connection after each
/// call. Errors: also kNetwork, messages do not come back.
Result<std::vector<Change>> toggle(const LiveFaultline& api, std::size_t times,
                                   const Recorder& recorder) {
  std::vector<Change> changes;
  bool is_round = recorder.wait_for_round();
  for (std::size_t i = 0; i < times && is_round; ++i) {
    Change change;
    change.add_called = now();
    const auto added = api.add_toxic({"latency", {{"latency", kLatencyMs}}});
    change.add_answered = now();
    if (!added) return Fail(added.error());
    is_round = recorder.wait_for_round();
    change.remove_called = now();
    const auto removed = api.remove_toxic("latency");
    change.remove_answered = now();
    if (!removed) return Fail(removed.error());
    is_round = recorder.wait_for_round() && is_round;
    if (!changes.empty()) changes.back().next_called = change.add_called;
    changes.push_back(change);
  }
  if (!is_round) return fail(ErrorKind::kNetwork, "messages took too long");
  return changes;
}

FaultTable::Row row_of(const char* label, const Effect& effect, std::size_t connections,
                       double echoes_lost) {
  FaultTable::Row row{label, {}};
  for (const std::vector<double>& values : {effect.reply_ms, effect.effect_ms}) {
    for (const double share : {0.5, 0.99, 1.0}) row.values.push_back(quantile(values, share));
  }
  // Messages go over the connections in turn: so many of them have seen as many.
  row.values.push_back(static_cast<double>(std::min(effect.seen, connections)));
  row.values.push_back(effect.missed);
  row.values.push_back(echoes_lost);
  return row;
}

FaultTable empty_table(const Crowd& crowd, std::size_t changes_each) {
  return {.name = "change-effect",
          .title = "A toxic added to and removed from " + std::to_string(crowd.connections) +
                   " live connections",
          .note = "A latency of 100 ms on every connection (calls of each kind: " +
                  std::to_string(changes_each) + "), while " + format_number(crowd.rate) +
                  " 64-byte echoes a second go over all of them in turn. Reply: from the call to "
                  "its answer. Effect: from the call to the last message that was still sent as "
                  "before (added), or that came back of those held (removed). Connections seen: "
                  "how many had a message after the answer that tells whether the change was in "
                  "force, for the call with the fewest; a machine so busy that messages of another "
                  "proxy, without the toxic, are late as well tells nothing. Missed: such messages "
                  "that the change had not reached. That has to be 0, as do the echoes lost.",
          .row_heading = "call",
          .columns = {{"reply_p50_ms", "reply: median (ms)"},
                      {"reply_p99_ms", "reply: p99 (ms)"},
                      {"reply_most_ms", "reply: most (ms)"},
                      {"effect_p50_ms", "effect: median (ms)"},
                      {"effect_p99_ms", "effect: p99 (ms)"},
                      {"effect_most_ms", "effect: most (ms)"},
                      {"connections_seen", "connections seen"},
                      {"missed_messages", "missed"},
                      {"lost_echoes", "echoes lost"}},
          .rows = {}};
}

void add_rows(FaultTable& table, const Effect& added, const Effect& removed,
              std::size_t connections, std::uint64_t lost) {
  table.rows = {row_of("add", added, connections, kNoValue),
                row_of("remove", removed, connections, kNoValue),
                row_of("both", both(added, removed), connections, static_cast<double>(lost))};
  for (const FaultTable::Row& row : table.rows) {
    std::fprintf(stderr, "change-effect, %s: reply p99 %.2f ms, effect p99 %.2f ms\n",
                 row.label.c_str(), row.values[1], row.values[4]);
  }
}

}  // namespace

FaultTable measure_change(FaultBench bench, const Crowd& crowd, std::size_t changes_each) {
  const std::string where = "change-effect";
  FaultTable table = empty_table(crowd, changes_each);
  const Target target = bench.proxy.target();
  const auto control_port = bench.api.add_proxy("control", target.origin.port());
  if (!control_port) {
    bench.add_problem(where, control_port.error().message);
    return table;
  }
  Recorder recorder(target, *control_port, crowd);
  if (auto connected = recorder.connect_all(); !connected) {
    bench.add_problem(where, connected.error().message);
    return table;
  }
  Result<std::vector<Change>> changes;
  std::thread caller([&] {
    changes = toggle(bench.api, changes_each, recorder);
    recorder.end();
  });
  recorder.run();
  caller.join();
  const LoadResult& result = recorder.result();
  if (result.failures > 0) bench.add_problem(where, result.first_failure);
  if (!changes) {
    bench.add_problem(where, changes.error().message);
    return table;
  }
  if (changes->empty()) return table;

  Effect added;
  Effect removed;
  const UsualDelay usual(recorder.controls());
  for (const Change& change : *changes) {
    judge_add(change, recorder.echoes(), kLatency, added);
    judge_remove(change, recorder.echoes(), kLatency, usual, removed);
  }
  if (added.missed + removed.missed > 0) {
    bench.add_problem(where, "a change had been answered, but was not in force everywhere");
  }
  add_rows(table, added, removed, crowd.connections, result.lost);
  return table;
}

}  // namespace faultline::bench
