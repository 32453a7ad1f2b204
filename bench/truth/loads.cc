#include "bench/truth/loads.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <list>
#include <utility>

#include "base/random.h"
#include "bench/metric.h"
#include "bench/truth/load_loop.h"

namespace faultline::bench::truth {

namespace {

using namespace std::chrono_literals;

/// Between an answer and the next question: long enough for the answer to be
/// acknowledged (the kernel's delay is 40 ms), so that each echo is one on an
/// idle connection.
constexpr Duration kLeastPause = 50ms;
constexpr Duration kMostPause = 150ms;
constexpr Duration kBin = 1s;
constexpr double kRttMsForEachFlow = 25;
constexpr std::size_t kMostFlows = 4;

Duration between(Random& random, Duration least, Duration most) {
  return Duration(random.between(least.count(), most.count()));
}

/// Echoes, fetches and connects on one link.
class RequestLoad {
 public:
  RequestLoad(const LoadTarget& target, const LoadSettings& settings, Random random, LoadLoop& loop,
              CellSamples& samples)
      : target_(target), settings_(settings), random_(random), loop_(loop), samples_(samples) {}

  void begin(TimePoint start) {
    const LoadPlan& plan = settings_.plan;
    end_ = start + plan.requests;
    for (std::size_t i = 0; i < echo_connections(); ++i) {
      schedule(start + between(random_, Duration(0), kMostPause), [this] { open_echo(); });
    }
    spread(start, plan.connects, [this] { open_connect(); });
    spread(start, plan.fetches, [this] {
      open_fetch(kSmallFetchBytes, samples_.small_fetch, samples_.small_fetch_after_connect);
    });
    spread(start, plan.fetches, [this] {
      open_fetch(kLargeFetchBytes, samples_.large_fetch, samples_.large_fetch_after_connect);
    });
  }

  /// Exchanges that are to come or under way.
  std::size_t pending() const { return pending_; }

 private:
  /// As many as it takes to get so many echoes, each with its pause, in the time.
  std::size_t echo_connections() const {
    const double each = milliseconds(kLeastPause + kMostPause) / 2 + target_.cell.rtt_ms;
    const double whole = milliseconds(settings_.plan.requests);
    return static_cast<std::size_t>(std::ceil(double(settings_.plan.echoes) * each / whole));
  }

  void schedule(TimePoint when, std::function<void()> what) {
    ++pending_;
    loop_.at(when, std::move(what));
  }

  /// Does `what` so many times, in equal parts of the time, in each at any point.
  void spread(TimePoint start, std::size_t times, const std::function<void()>& what) {
    if (times == 0) return;
    const Duration part = settings_.plan.requests / static_cast<std::int64_t>(times);
    for (std::size_t i = 0; i < times; ++i) {
      schedule(start + part * static_cast<std::int64_t>(i) + between(random_, Duration(0), part),
               what);
    }
  }

  Caller::Settings caller(std::uint64_t answer_bytes) {
    return {.to = target_.to,
            .congestion = settings_.congestion,
            .answer_bytes = answer_bytes,
            .on_answer = {},
            .on_bytes = {},
            .on_failure = [this](const std::string& what) {
              --pending_;
              if (samples_.broken++ == 0) samples_.first_failure = what;
            }};
  }

  void finish(Caller& caller) {
    caller.end();
    --pending_;
  }

  void open_echo() {
    Caller::Settings settings = caller(kEchoBytes);
    settings.on_answer = [this](Caller& caller, const ExchangeTimes& times) {
      // The first is that of a fresh connection, with a handshake's estimates of the RTT.
      if (times.begun == times.asked) {
        samples_.echo.push_back(milliseconds(times.answered - times.asked));
      }
      const TimePoint next = times.answered + between(random_, kLeastPause, kMostPause);
      if (next >= end_) return finish(caller);
      caller.ask_again_at(next);
    };
    loop_.open(std::move(settings));
  }

  void open_connect() {
    Caller::Settings settings = caller(kEchoBytes);
    settings.on_answer = [this](Caller& caller, const ExchangeTimes& times) {
      samples_.connect.push_back(milliseconds(times.connected - times.begun));
      samples_.connect_echo.push_back(milliseconds(times.answered - times.begun));
      finish(caller);
    };
    loop_.open(std::move(settings));
  }

  void open_fetch(std::uint64_t bytes, std::vector<double>& whole, std::vector<double>& rest) {
    Caller::Settings settings = caller(bytes);
    settings.on_answer = [this, &whole, &rest](Caller& caller, const ExchangeTimes& times) {
      samples_.connect.push_back(milliseconds(times.connected - times.begun));
      whole.push_back(milliseconds(times.answered - times.begun));
      rest.push_back(milliseconds(times.answered - times.connected));
      finish(caller);
    };
    loop_.open(std::move(settings));
  }

  const LoadTarget& target_;
  const LoadSettings& settings_;
  Random random_;
  LoadLoop& loop_;
  CellSamples& samples_;
  TimePoint end_{};
  std::size_t pending_ = 0;
};

/// One flow, and what it brought in each second.
struct Flow {
  std::vector<std::uint64_t> bins;
};

Caller::Settings bulk_caller(const LoadTarget& target, const LoadSettings& settings,
                             TimePoint start, Flow& flow, CellSamples& samples) {
  return {.to = target.to,
          .congestion = settings.congestion,
          .answer_bytes = kEndless,
          .on_answer = [](Caller& caller, const ExchangeTimes&) { caller.end(); },
          .on_bytes =
              [&flow, start](TimePoint when, std::size_t bytes) {
                if (when < start) return;
                const auto bin = static_cast<std::size_t>((when - start) / kBin);
                if (bin < flow.bins.size()) flow.bins[bin] += bytes;
              },
          .on_failure =
              [&samples](const std::string& what) {
                if (samples.broken++ == 0) samples.first_failure = what;
              }};
}

}  // namespace

std::size_t bulk_flows(const Cell& cell) {
  if (cell.loss <= 0) return 1;
  const auto flows = static_cast<std::size_t>(std::lround(cell.rtt_ms / kRttMsForEachFlow));
  return std::clamp<std::size_t>(flows, 1, kMostFlows);
}

void run_requests(const std::vector<LoadTarget>& targets, const LoadSettings& settings,
                  std::vector<CellSamples>& samples) {
  LoadLoop loop;
  const TimePoint start = now();
  std::list<RequestLoad> loads;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    loads.emplace_back(targets[i], settings, Random(derive_key(settings.seed, i)), loop,
                       samples[i]);
    loads.back().begin(start);
  }
  loop.run(start + settings.plan.requests + settings.plan.patience, [&] {
    return std::all_of(loads.begin(), loads.end(),
                       [](const RequestLoad& load) { return load.pending() == 0; });
  });
  auto sample = samples.begin();
  for (const RequestLoad& load : loads) (sample++)->unfinished += load.pending();
}

void run_bulk(const std::vector<LoadTarget>& targets, const LoadSettings& settings,
              std::vector<CellSamples>& samples) {
  LoadLoop loop;
  const TimePoint start = now() + settings.plan.bulk_warm_up;
  const auto bins = static_cast<std::size_t>(settings.plan.bulk / kBin);
  std::vector<std::list<Flow>> flows(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t flow = 0; flow < bulk_flows(targets[i].cell); ++flow) {
      flows[i].push_back({.bins = std::vector<std::uint64_t>(bins)});
      loop.open(bulk_caller(targets[i], settings, start, flows[i].back(), samples[i]));
    }
  }
  loop.run(start + settings.plan.bulk, [] { return false; });
  constexpr double kMegabits = 8e-6;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (const Flow& flow : flows[i]) {
      for (const std::uint64_t bytes : flow.bins) {
        samples[i].bulk.push_back(double(bytes) * kMegabits);
      }
    }
  }
}

}  // namespace faultline::bench::truth
