// What the simulated TCP connection costs each segment.

#include <benchmark/benchmark.h>

#include "toxics/tcp_path.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// A bulk flow; the arguments are the packets lost in 1,000 and the line's rate in B/s (0: any).
void tcp_path_segment(benchmark::State& state) {
  constexpr std::uint64_t kSegments = 100'000;
  TcpPathSettings settings;
  settings.rtt = 80ms;
  settings.receive_window = 10'000'000;
  settings.loss.loss = static_cast<double>(state.range(0)) / 1000;
  settings.bytes_per_second = static_cast<std::uint64_t>(state.range(1));
  for (auto _ : state) {
    TcpPath path(settings, 1);
    path.send(kSegments * TcpSender::kSegmentBytes, TimePoint(1h));
    while (path.next_event() != kNever) {
      path.advance(path.next_event());
      while (const auto delivery = path.take_delivery()) benchmark::DoNotOptimize(delivery);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kSegments));
}
BENCHMARK(tcp_path_segment)->ArgsProduct({{0, 1, 10, 100}, {0, 100'000'000}});

}  // namespace
}  // namespace faultline
