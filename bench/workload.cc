#include "bench/workload.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "bench/stop.h"

namespace faultline::bench {

namespace {

using namespace std::chrono_literals;

double microseconds(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

void add_latencies(const LoadResult& result, Sample& sample) {
  if (result.latency.count() == 0) return;
  sample[Metric::kP50] = microseconds(result.latency.quantile(0.5));
  sample[Metric::kP99] = microseconds(result.latency.quantile(0.99));
  sample[Metric::kP999] = microseconds(result.latency.quantile(0.999));
}

Sample sample_of_requests(const LoadResult& result, bool has_proxy) {
  Sample sample;
  if (result.operations == 0) return sample;
  const auto operations = static_cast<double>(result.operations);
  sample[Metric::kRequestsPerSecond] = operations / result.seconds;
  add_latencies(result, sample);
  if (has_proxy) sample[Metric::kCpuPerRequest] = result.cpu_seconds * 1e6 / operations;
  return sample;
}

/// What an error says, or how the load failed.
Round round_of(Sample sample, const LoadResult& result) {
  Round round{.sample = std::move(sample), .failure = result.first_failure};
  if (result.failures > 1) {
    round.failure += " (and " + std::to_string(result.failures - 1) + " more)";
  }
  return round;
}

Round run(const EchoSettings& settings, Contender& contender, const Window& window) {
  const Target target = contender.target();
  EchoLoad load(target, settings);
  if (auto connected = load.connect_all(); !connected) return {{}, connected.error().message};
  LoadResult result = load.run(window);
  if (result.operations == 0) result.add_failure("no message came back");
  Sample sample = sample_of_requests(result, target.cost.has_value());
  constexpr std::size_t kLarge = 4096;
  if (settings.message_bytes >= kLarge && !sample.empty()) {
    sample[Metric::kMegabytesPerSecond] = static_cast<double>(result.bytes) / 1e6 / result.seconds;
  }
  return round_of(std::move(sample), result);
}

Round run(const BulkSettings& settings, Contender& contender, const Window& window) {
  const Target target = contender.target();
  BulkLoad load(target, settings);
  if (auto started = load.start(); !started) return {{}, started.error().message};
  LoadResult result = load.measure(window);
  load.finish(result);
  if (result.bytes == 0) return round_of({}, result);
  const auto bytes = static_cast<double>(result.bytes);
  Sample sample = {{Metric::kMegabytesPerSecond, bytes / 1e6 / result.seconds}};
  if (target.cost) sample[Metric::kCpuPerGigabyte] = result.cpu_seconds / (bytes / 1e9);
  return round_of(std::move(sample), result);
}

Round run(const ConnectSettings& settings, Contender& contender, const Window& window) {
  const Target target = contender.target();
  const LoadResult result = ConnectLoad(target, settings).run(window);
  return round_of(sample_of_requests(result, target.cost.has_value()), result);
}

/// The memory of the proxy, once it has come to rest.
Memory settled_memory(const Target& target) {
  for (int i = 0; i < 3 && !stop_requested(); ++i) std::this_thread::sleep_for(100ms);
  return target.cost->memory();
}

Round run(const IdleSettings& settings, Contender& contender, const Window&) {
  if (!contender.target().cost) return {};  // There is no proxy in between.
  // What the proxy keeps of earlier loads would hide what these connections need.
  if (contender.can_restart()) {
    if (auto started = contender.start(); !started) return {{}, started.error().message};
  }
  const Target target = contender.target();
  const std::size_t connections = std::min(settings.connections, contender.most_connections());
  const Memory before = settled_memory(target);
  EchoLoad load(target, {.connections = connections, .message_bytes = 64});
  if (auto connected = load.connect_all(); !connected) return {{}, connected.error().message};
  const Memory after = settled_memory(target);
  const double grown =
      static_cast<double>(after.anonymous_bytes) - static_cast<double>(before.anonymous_bytes);
  const double resident = static_cast<double>(after.resident_bytes);
  Sample sample = {{Metric::kBytesPerConnection, grown / static_cast<double>(connections)}};
  // With fewer connections than the others it would only look small.
  if (connections == settings.connections) sample[Metric::kResidentMegabytes] = resident / 1e6;
  return {.sample = std::move(sample), .failure = {}};
}

}  // namespace

Round run_round(const Workload& workload, Contender& contender, const Window& window) {
  return std::visit([&](const auto& settings) { return run(settings, contender, window); },
                    workload.settings);
}

}  // namespace faultline::bench
