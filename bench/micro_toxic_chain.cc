// What a chain costs each piece of 64 KiB, beside the system calls that move it.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/verify.h"
#include "toxics/toxic_chain.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPieceBytes = 64UL << 10;
constexpr std::size_t kWindow = 16UL << 20;

/// One piece in and out, through as many latencies of 1 ms as the argument says.
void toxic_chain_push_and_pop(benchmark::State& state) {
  const auto stages = static_cast<std::size_t>(state.range(0));
  const ToxicType* latency = find_toxic_type("latency");
  VERIFY(latency != nullptr);
  Attributes attributes = latency->default_attributes();
  attributes[static_cast<std::size_t>(latency->attribute_index("latency"))] = 1;
  std::vector<StagePlan> plan;
  for (std::size_t i = 0; i < stages; ++i) {
    plan.push_back({.id = i + 1, .type = latency, .attributes = &attributes, .chance_key = i});
  }
  TimePoint now = TimePoint(1h);
  ToxicChain chain(kWindow);
  chain.arrange(plan, now);
  const std::string bytes(kPieceBytes, 'x');
  const Chunk piece(bytes);  // Copies share the bytes: the chain alone is measured.
  for (auto _ : state) {
    chain.push(piece, now);
    now += 10ms;
    benchmark::DoNotOptimize(chain.pop(now));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(toxic_chain_push_and_pop)->Arg(0)->Arg(1)->Arg(3);

/// The same with the bytes copied in, as the pump does it.
void toxic_chain_copy_push_and_pop(benchmark::State& state) {
  ToxicChain chain(kWindow);
  const std::string bytes(kPieceBytes, 'x');
  const TimePoint now = TimePoint(1h);
  for (auto _ : state) {
    chain.push(Chunk(bytes), now);
    benchmark::DoNotOptimize(chain.pop(now));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kPieceBytes));
}
BENCHMARK(toxic_chain_copy_push_and_pop);

}  // namespace
}  // namespace faultline
