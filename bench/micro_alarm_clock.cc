// The alarm clock with as many alarms as a busy proxy has waiting links: its
// cost has to stay flat.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/random.h"
#include "proxy/event_loop.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// Stops the loop once so many alarms have gone off.
class Counter final : public AlarmOwner {
 public:
  explicit Counter(EventLoop& loop) : loop_(loop) {}

  void on_alarm(Alarm&, TimePoint) noexcept override {
    if (--left == 0) loop_.stop();
  }

  std::size_t left = 0;

 private:
  EventLoop& loop_;
};

/// Alarms spread over an hour that does not come.
std::vector<std::unique_ptr<Alarm>> waiting_alarms(EventLoop& loop, AlarmOwner& owner,
                                                   std::size_t count, Random& random) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  const TimePoint start = clock_now() + 1h;
  for (std::size_t i = 0; i < count; ++i) {
    alarms.push_back(std::make_unique<Alarm>(loop.alarms(), owner));
    alarms.back()->set(start + std::chrono::microseconds(random.between(0, 3'600'000'000)));
  }
  return alarms;
}

void alarm_set_and_unset(benchmark::State& state) {
  EventLoop loop;
  Counter owner(loop);
  Random random(1);
  const auto waiting =
      waiting_alarms(loop, owner, static_cast<std::size_t>(state.range(0)), random);
  Alarm alarm(loop.alarms(), owner);
  const TimePoint start = clock_now() + 1h;
  for (auto _ : state) {
    alarm.set(start + std::chrono::microseconds(random.between(0, 3'600'000'000)));
    alarm.set(kNever);
  }
}
BENCHMARK(alarm_set_and_unset)->Arg(100)->Arg(10'000)->Arg(100'000);

void alarm_moved(benchmark::State& state) {
  EventLoop loop;
  Counter owner(loop);
  Random random(1);
  const auto waiting =
      waiting_alarms(loop, owner, static_cast<std::size_t>(state.range(0)), random);
  const TimePoint start = clock_now() + 1h;
  std::size_t next = 0;
  for (auto _ : state) {
    waiting[next]->set(start + std::chrono::microseconds(random.between(0, 3'600'000'000)));
    next = (next + 1) % waiting.size();
  }
}
BENCHMARK(alarm_moved)->Arg(100)->Arg(10'000)->Arg(100'000);

void alarms_fired(benchmark::State& state) {
  EventLoop loop;
  Counter owner(loop);
  Random random(1);
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (std::size_t i = 0; i < count; ++i) {
    alarms.push_back(std::make_unique<Alarm>(loop.alarms(), owner));
  }
  for (auto _ : state) {
    state.PauseTiming();
    owner.left = count;
    const TimePoint due = clock_now() - 1s;  // All at once, in a random order.
    for (const auto& alarm : alarms) {
      alarm->set(due - std::chrono::nanoseconds(random.between(0, 1'000'000'000)));
    }
    state.ResumeTiming();
    loop.run();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(alarms_fired)->Arg(100)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace faultline
