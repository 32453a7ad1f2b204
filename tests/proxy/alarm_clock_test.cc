#include "proxy/alarm_clock.h"

#include "base/random.h"
#include "proxy/event_loop.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// Notes when its alarm goes off, and may set it again.
class Sleeper final : AlarmOwner {
 public:
  explicit Sleeper(EventLoop& loop) : loop_(loop), alarm(loop.alarms(), *this) {}

  void on_alarm(Alarm& which, TimePoint now) noexcept override {
    woken.push_back(now);
    if (again > 0) {
      --again;
      which.set(after(now, 1ms));
    } else if (ends_loop) {
      loop_.stop();
    }
  }

 private:
  EventLoop& loop_;

 public:
  Alarm alarm;
  std::vector<TimePoint> woken;
  int again = 0;
  bool ends_loop = false;
};

TEST_CASE("alarms go off in the order of their times, none early", "[alarm_clock]") {
  EventLoop loop;
  Random random(Catch::rngSeed());
  const TimePoint start = clock_now();
  std::vector<std::pair<std::unique_ptr<Sleeper>, TimePoint>> sleepers;
  for (int i = 0; i < 500; ++i) {
    sleepers.emplace_back(std::make_unique<Sleeper>(loop),
                          start + std::chrono::microseconds(random.between(0, 50'000)));
    sleepers.back().first->alarm.set(sleepers.back().second);
  }
  Sleeper last(loop);
  last.ends_loop = true;
  last.alarm.set(start + 60ms);
  loop.run();
  for (const auto& [sleeper, due] : sleepers) {
    REQUIRE(sleeper->woken.size() == 1);
    REQUIRE(sleeper->woken[0] >= due);
    REQUIRE(sleeper->woken[0] <= last.woken[0]);
  }
}

TEST_CASE("an alarm that was moved or taken away does not go off", "[alarm_clock]") {
  EventLoop loop;
  Sleeper moved(loop);
  Sleeper unset(loop);
  auto gone = std::make_unique<Sleeper>(loop);
  Sleeper last(loop);
  const TimePoint start = clock_now();
  moved.alarm.set(start + 1ms);
  moved.alarm.set(start + 10ms);
  unset.alarm.set(start + 1ms);
  unset.alarm.set(kNever);
  gone->alarm.set(start + 1ms);
  gone.reset();
  last.ends_loop = true;
  last.alarm.set(start + 20ms);
  loop.run();
  REQUIRE(moved.woken.size() == 1);
  CHECK(moved.woken[0] >= start + 10ms);
  CHECK(unset.woken.empty());
}

TEST_CASE("an owner may set its alarm again from the alarm itself", "[alarm_clock]") {
  EventLoop loop;
  Sleeper sleeper(loop);
  sleeper.again = 5;
  sleeper.ends_loop = true;
  sleeper.alarm.set(clock_now());  // Already due.
  loop.run();
  CHECK(sleeper.woken.size() == 6);
  CHECK(loop.alarms().lag().snapshot().sum_seconds > 0);
}

}  // namespace
}  // namespace faultline
