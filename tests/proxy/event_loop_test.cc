#include "proxy/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <thread>
#include <vector>

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

/// Works in pieces, as long as it may, until it has had so many.
struct Digger {
  bool operator()(TimePoint until) {
    while (clock_now() < until) {
    }
    return --pieces_left == 0;
  }
  int pieces_left;
};

TEST_CASE("what is done in pieces leaves others a turn between any two", "[event_loop]") {
  EventLoop loop;
  Digger digger{5};
  std::vector<int> seen;  // What was left of it, by those who have a turn.
  std::function<void()> look = [&] {
    seen.push_back(digger.pieces_left);
    if (digger.pieces_left == 0) return loop.stop();
    std::thread([&] { loop.post(look); }).join();
  };
  loop.post([&] { loop.do_in_pieces([&](TimePoint until) { return digger(until); }); });
  loop.post(look);
  loop.run();
  for (int left = 4; left >= 0; --left) {
    INFO("with " << left << " pieces left");
    CHECK(std::count(seen.begin(), seen.end(), left) > 0);
  }
}

TEST_CASE("what needs no more than one piece is done at once", "[event_loop]") {
  EventLoop loop;
  bool is_done = false;
  loop.do_in_pieces([&](TimePoint until) {
    CHECK(until > clock_now());
    return is_done = true;
  });
  CHECK(is_done);
}

TEST_CASE("on a busy loop a piece is larger, so that it comes to an end", "[event_loop]") {
  EventLoop loop;
  const auto begin = [&] {
    const TimePoint began = clock_now();
    loop.do_in_pieces([&loop, began](TimePoint until) {
      CHECK(until - began > std::chrono::milliseconds(1));
      loop.stop();
      return true;
    });
  };
  loop.post([&] {
    Digger{2}(clock_now() + std::chrono::milliseconds(50));
    loop.post([&] { loop.post(begin); });  // This turn, and the next.
  });
  loop.run();
}

TEST_CASE("works in pieces share a turn, in the order in which they came", "[event_loop]") {
  EventLoop loop;
  std::string order;
  loop.post([&] {
    int left = 2;
    loop.do_in_pieces([&, left](TimePoint until) mutable {
      order += "a";
      Digger{1}(until);
      return --left == 0;
    });
    loop.do_in_pieces([&](TimePoint) {
      order += "b";
      loop.stop();
      return true;
    });
    CHECK(order == "a");
  });
  loop.run();
  CHECK(order == "aab");
}

}  // namespace
}  // namespace faultline
