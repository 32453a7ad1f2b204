#include "proxy/alarm_clock.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

constexpr std::size_t kChildren = 4;  // A flat heap: fewer cache misses than a binary one.

timespec to_timespec(TimePoint time) {
  const auto nanoseconds = std::max<std::int64_t>(time.time_since_epoch().count(), 1);
  return {.tv_sec = nanoseconds / 1'000'000'000, .tv_nsec = nanoseconds % 1'000'000'000};
}

}  // namespace

TimePoint clock_now() {
  return std::chrono::steady_clock::now();
}

Alarm::~Alarm() {
  if (position_ != kUnset) clock_.remove(*this);
}

void Alarm::set(TimePoint due) {
  if (due == due_) return;
  if (position_ != kUnset) clock_.remove(*this);
  due_ = due;
  if (due != kNever) clock_.insert(*this);
}

AlarmClock::AlarmClock() : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  VERIFY(timer_.is_open());
}

void AlarmClock::insert(Alarm& alarm) {
  heap_.push_back(&alarm);
  alarm.position_ = heap_.size() - 1;
  sift_up(alarm.position_);
}

void AlarmClock::remove(Alarm& alarm) {
  const std::size_t position = std::exchange(alarm.position_, Alarm::kUnset);
  alarm.due_ = kNever;
  Alarm* last = heap_.back();
  heap_.pop_back();
  if (last == &alarm) return;
  place(position, last);
  sift_up(position);
  sift_down(last->position_);
}

void AlarmClock::place(std::size_t position, Alarm* alarm) {
  heap_[position] = alarm;
  alarm->position_ = position;
}

void AlarmClock::sift_up(std::size_t position) {
  Alarm* alarm = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / kChildren;
    if (heap_[parent]->due_ <= alarm->due_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, alarm);
}

void AlarmClock::sift_down(std::size_t position) {
  Alarm* alarm = heap_[position];
  for (;;) {
    const std::size_t first = position * kChildren + 1;
    if (first >= heap_.size()) break;
    const std::size_t end = std::min(first + kChildren, heap_.size());
    std::size_t earliest = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child]->due_ < heap_[earliest]->due_) earliest = child;
    }
    if (alarm->due_ <= heap_[earliest]->due_) break;
    place(position, heap_[earliest]);
    position = earliest;
  }
  place(position, alarm);
}

/// Only ever set earlier, or once it has fired: an alarm that was taken away
/// costs one idle wake-up, not a call each.
bool AlarmClock::arm() {
  if (heap_.empty()) return true;
  const TimePoint due = heap_.front()->due_;
  const TimePoint now = clock_now();
  if (due <= now) return false;
  if (armed_for_ <= due && armed_for_ > now) return true;
  armed_for_ = due;
  const itimerspec setting{.it_interval = {}, .it_value = to_timespec(due)};
  VERIFY(timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr) == 0);
  return true;
}

void AlarmClock::ring(std::size_t most) {
  if (heap_.empty()) return;
  const TimePoint now = clock_now();
  // What is still due after a few goes on in the next turn, as does what is set for now by those
  // that ring: control calls, and sockets, wait for the end of this.
  for (std::size_t left = most; left > 0 && !heap_.empty(); --left) {
    Alarm& alarm = *heap_.front();
    if (alarm.due_ >= now) break;
    lag_.record(now - alarm.due_);
    remove(alarm);
    alarm.owner_.on_alarm(alarm, now);
  }
}

}  // namespace faultline
