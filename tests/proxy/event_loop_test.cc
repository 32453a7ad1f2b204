#include "proxy/event_loop.h"

#include <sys/eventfd.h>

#include <catch2/catch.hpp>

namespace faultline {
namespace {

/// Posts in each of its callbacks, of events and of alarms, and looks in the next,
/// whichever it is, whether that has run.
class Poster final : public Watcher, AlarmOwner {
 public:
  explicit Poster(EventLoop& loop) : loop_(loop), alarm_(loop.alarms(), *this) {
    loop_.watch(always_ready_.get(), EPOLLIN, *this);
    alarm_.set(clock_now());
  }
  ~Poster() { loop_.unwatch(always_ready_.get(), *this); }

  int late = 0;  ///< How often it had not.
  int turns = 0;

  void on_ready(std::uint32_t /*events*/) noexcept override { post(of_event_); }
  void on_alarm(Alarm& alarm, TimePoint now) noexcept override {
    post(of_alarm_);
    alarm.set(now);
  }

 private:
  void post(bool& is_posted) {
    late += of_event_ || of_alarm_ ? 1 : 0;
    is_posted = true;
    loop_.post([&is_posted] { is_posted = false; });
    if (++turns == 200) loop_.stop();
  }

  EventLoop& loop_;
  FileDescriptor always_ready_{eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC)};
  Alarm alarm_;
  bool of_event_ = false;
  bool of_alarm_ = false;
};

TEST_CASE("what a loop's own callback posts runs before the turn is over", "[event_loop]") {
  EventLoop loop;
  {
    Poster poster(loop);
    loop.run();
    CHECK(poster.turns >= 200);
    CHECK(poster.late == 0);
  }
}

}  // namespace
}  // namespace faultline
