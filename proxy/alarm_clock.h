#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "proxy/file_descriptor.h"
#include "toxics/toxic_counters.h"

namespace faultline {

class Alarm;
class AlarmClock;

/// The time now. Read once a callback, and passed down.
TimePoint clock_now();

/// Is told when its alarm goes off.
class AlarmOwner {
 public:
  virtual void on_alarm(Alarm& alarm, TimePoint now) noexcept = 0;

 protected:
  ~AlarmOwner() = default;
};

/// One deadline of one owner. A member of its owner; unset once it is gone.
class Alarm {
 public:
  /// Both must outlive the alarm.
  Alarm(AlarmClock& clock, AlarmOwner& owner) : clock_(clock), owner_(owner) {}
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  /// Goes off once, at `due` or soon after, from the loop; replaces an earlier
  /// setting. kNever unsets it.
  void set(TimePoint due);

 private:
  friend class AlarmClock;
  static constexpr std::size_t kUnset = SIZE_MAX;

  AlarmClock& clock_;
  AlarmOwner& owner_;
  TimePoint due_ = kNever;
  std::size_t position_ = kUnset;  // In the clock's heap.
};

/// Precise deadlines for one loop: a heap of alarms on one timerfd. (libuv's
/// own timers count whole milliseconds: up to 1.9 ms late at p99. A timerfd was
/// measured at 0.02 ms late in the median and 0.1 ms at p99.)
///
/// The loop asks it before it waits and rings it after; an alarm that is due
/// already, such as one set for now, costs no call of the kernel's.
class AlarmClock {
 public:
  AlarmClock();
  AlarmClock(const AlarmClock&) = delete;
  AlarmClock& operator=(const AlarmClock&) = delete;

  /// Readable once the time that arm() has set is there; need not be read.
  int fd() const { return timer_.get(); }

  /// Sees to it that fd() becomes readable in time for the earliest alarm.
  /// False if one is due already: then there is nothing to wait for.
  bool arm();

  /// Lets the alarms that are due go off, so many at the most.
  void ring(std::size_t most);

  /// How late alarms went off. Any thread may take a snapshot.
  const DurationHistogram& lag() const { return lag_; }

 private:
  friend class Alarm;

  void insert(Alarm& alarm);
  void remove(Alarm& alarm);
  void place(std::size_t position, Alarm* alarm);
  void sift_up(std::size_t position);
  void sift_down(std::size_t position);

  FileDescriptor timer_;
  std::vector<Alarm*> heap_;  // The earliest first.
  TimePoint armed_for_ = kNever;
  DurationHistogram lag_;
};

}  // namespace faultline
