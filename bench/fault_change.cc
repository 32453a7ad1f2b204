#include <algorithm>
#include <cstdio>
#include <thread>

#include "bench/echo_load.h"
#include "bench/fault_bench.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLatencyMs = 100;
constexpr Duration kLatency = std::chrono::milliseconds(kLatencyMs);
constexpr std::size_t kMessageBytes = 64;

/// A message that went out and came back.
struct Echo {
  TimePoint sent;
  TimePoint back;
};

/// A toxic was there from one call to the next.
struct Change {
  TimePoint add_called;
  TimePoint add_answered;
  TimePoint remove_called;
  TimePoint remove_answered;
  TimePoint next_called = kNever;  ///< The following `add_called`.
};

/// Adds and removes the toxic, with `phase` between the calls.
std::vector<Change> toggle(const LiveFaultline& api, std::size_t times, Duration phase,
                           std::string& failure) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < times && !stop_requested(); ++i) {
    std::this_thread::sleep_for(phase);
    Change change;
    change.add_called = now();
    const auto added = api.add_toxic({"latency", {{"latency", kLatencyMs}}});
    change.add_answered = now();
    std::this_thread::sleep_for(phase);
    change.remove_called = now();
    const auto removed = api.remove_toxic("latency");
    change.remove_answered = now();
    if (!added || !removed) {
      failure = (added ? removed : added).error().message;
      break;
    }
    if (!changes.empty()) changes.back().next_called = change.add_called;
    changes.push_back(change);
  }
  return changes;
}

/// What one kind of call did, over all changes.
struct Effect {
  std::vector<double> reply_ms;
  std::vector<double> effect_ms;
  double violations = 0;  ///< Messages sent after the answer that the change had not reached.

  std::vector<double> row() const {
    if (reply_ms.empty()) return {0, 0, 0, 0, violations};
    const Spread reply = spread_of(reply_ms);
    const Spread effect = spread_of(effect_ms);
    return {reply.median, reply.most, effect.median, effect.most, violations};
  }
};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

/// Until when messages still went through as if the toxic were not there.
void judge_add(const Change& change, const std::vector<Echo>& echoes, Effect& effect) {
  TimePoint last_untouched = change.add_called;
  for (const Echo& echo : echoes) {
    // What the removal let go early proves nothing.
    if (echo.sent < change.add_called || echo.back >= change.remove_called) continue;
    if (echo.back - echo.sent >= kLatency) continue;
    last_untouched = std::max(last_untouched, echo.sent);
    if (echo.sent > change.add_answered) ++effect.violations;
  }
  effect.reply_ms.push_back(milliseconds(change.add_answered - change.add_called));
  effect.effect_ms.push_back(milliseconds(last_untouched - change.add_called));
}

/// Until when messages that were held came back.
void judge_remove(const Change& change, const std::vector<Echo>& echoes, Effect& effect) {
  TimePoint last_held = change.remove_called;
  for (const Echo& echo : echoes) {
    if (echo.back < change.remove_called || echo.sent >= change.next_called) continue;
    if (echo.sent < change.remove_called) last_held = std::max(last_held, echo.back);
    const bool is_held = echo.back - echo.sent >= kLatency && echo.back < change.next_called;
    if (echo.sent > change.remove_answered && is_held) ++effect.violations;
  }
  effect.reply_ms.push_back(milliseconds(change.remove_answered - change.remove_called));
  effect.effect_ms.push_back(milliseconds(last_held - change.remove_called));
}

FaultTable empty_table(const Crowd& crowd) {
  return {.name = "change-effect",
          .title = "A toxic added to and removed from " + std::to_string(crowd.connections) +
                   " live connections",
          .note = "A latency of 100 ms on every connection, while " + format_number(crowd.rate) +
                  " 64-byte echoes a second go over all of them in turn. Reply: from the call to "
                  "its answer. Effect: from the call to the last message that was still sent as "
                  "before (added), or that came back of those held (removed). Missed: messages "
                  "sent after the answer that the change had not reached; it has to be 0.",
          .row_heading = "call",
          .columns = {{"reply_p50_ms", "reply: median (ms)"},
                      {"reply_most_ms", "reply: most (ms)"},
                      {"effect_p50_ms", "effect: median (ms)"},
                      {"effect_most_ms", "effect: most (ms)"},
                      {"missed_messages", "missed"}},
          .rows = {}};
}

}  // namespace

FaultTable measure_change(FaultBench bench, const Crowd& crowd, std::size_t changes_each) {
  const std::string where = "change-effect";
  FaultTable table = empty_table(crowd);
  const Target target = bench.proxy.target();
  EchoLoad load(
      target,
      {.connections = crowd.connections, .message_bytes = kMessageBytes, .rate = crowd.rate});
  if (auto connected = load.connect_all(); !connected) {
    bench.add_problem(where, connected.error().message);
    return table;
  }
  std::vector<Echo> echoes;
  load.observer = [&echoes](const Message& message, TimePoint when) {
    echoes.push_back({message.sent, when});
  };
  // Long enough for a message on each connection between two calls.
  const auto round = std::chrono::duration<double>(double(crowd.connections) / crowd.rate);
  const Duration phase = 2 * kLatency + std::chrono::duration_cast<Duration>(round);
  std::vector<Change> changes;
  std::string failure;
  std::thread caller([&] { changes = toggle(bench.api, changes_each, phase, failure); });
  const LoadResult result =
      load.run({.warm_up = {}, .length = phase * static_cast<int>(2 * changes_each + 1)});
  caller.join();
  if (!failure.empty()) bench.add_problem(where, failure);
  if (result.failures > 0) bench.add_problem(where, result.first_failure);

  Effect added;
  Effect removed;
  for (const Change& change : changes) {
    judge_add(change, echoes, added);
    judge_remove(change, echoes, removed);
  }
  if (added.violations + removed.violations > 0) {
    bench.add_problem(where, "a change had been answered, but was not in force everywhere");
  }
  table.rows = {{"add", added.row()}, {"remove", removed.row()}};
  for (const FaultTable::Row& row : table.rows) {
    std::fprintf(stderr, "change-effect, %s: reply at most %.2f ms, effect at most %.2f ms\n",
                 row.label.c_str(), row.values[1], row.values[3]);
  }
  return table;
}

}  // namespace faultline::bench
