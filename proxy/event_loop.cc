#include "proxy/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/verify.h"

namespace faultline {

namespace {

/// With fewer events the calls themselves cost less than batching them.
constexpr std::size_t kWorthABatch = 4;

/// What works that are done in pieces have of each turn: this many times what all else has taken,
/// so much at least, and at the most.
constexpr Duration kLeastForWorks = std::chrono::microseconds(300);
constexpr Duration kMostForWorks = std::chrono::milliseconds(2);
constexpr int kWorksPerOther = 4;

}  // namespace

EventLoop::EventLoop()
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), letter_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  VERIFY(epoll_.is_open() && letter_.is_open());
  VERIFY(uv_loop_init(&uv_) == 0);
  // Edge-triggered, so neither has to be read to be quiet again.
  watch(letter_.get(), EPOLLIN | EPOLLET, wake_up_);
  watch(uv_backend_fd(&uv_), EPOLLIN | EPOLLET, wake_up_);
  watch(alarms_.fd(), EPOLLIN | EPOLLET, wake_up_);
}

EventLoop::~EventLoop() {
  retired_.clear();
  uv_run(&uv_, UV_RUN_DEFAULT);  // Lets what was cancelled end.
  VERIFY(uv_loop_close(&uv_) == 0);
}

void EventLoop::watch(int fd, std::uint32_t events, Watcher& watcher) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  VERIFY(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::unwatch(int fd, Watcher& watcher) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  forget(watcher);
}

void EventLoop::forget(Watcher& watcher) {
  for (std::size_t i = next_event_; i < end_event_; ++i) {
    if (events_[i].data.ptr == &watcher) events_[i].data.ptr = &wake_up_;
  }
}

void EventLoop::run() {
  is_running_ = true;
  batch_.is_available();  // Asks the kernel now, not when it is busy.
  while (is_running_) turn();
}

void EventLoop::turn() {
  // Look-ups need a turn of libuv's to begin and to end.
  if (uv_loop_alive(&uv_) != 0) uv_run(&uv_, UV_RUN_NOWAIT);
  std::swap(retired_, dying_);
  dying_.clear();
  const int patience = alarms_.arm() && works_.empty() ? -1 : 0;
  const std::size_t most = works_.empty() ? kEventsPerTurn : kEventsPerPiece;
  const int ready = epoll_wait(epoll_.get(), events_.data(), static_cast<int>(most), patience);
  VERIFY(ready >= 0 || errno == EINTR);
  const TimePoint started = clock_now();
  spent_on_works_ = Duration(0);
  end_event_ = ready < 0 ? 0 : static_cast<std::size_t>(ready);
  next_event_ = 0;
  if (end_event_ >= kWorthABatch && batch_.is_available()) {
    tell_in_batches();
  } else {
    tell_all();
  }
  go_on_with_works();
  run_posted();
  alarms_.ring(most);
  run_posted();  // What an alarm has posted: it is for this turn.
  last_turn_ = clock_now() - started - spent_on_works_;
}

void EventLoop::tell_all() {
  while (next_event_ < end_event_) {
    const epoll_event& event = events_[next_event_++];
    static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
  }
}

/// All reads in one call, then everybody is told, then all writes in one call.
void EventLoop::tell_in_batches() {
  std::array<const CallBatch::Read*, kEventsPerTurn> reads{};
  for (std::size_t i = 0; i < end_event_; ++i) {
    const int fd = static_cast<Watcher*>(events_[i].data.ptr)->fd_to_read(events_[i].events);
    if (fd >= 0) reads[i] = batch_.add_read(fd);
  }
  batch_.read_all();
  is_batching_ = true;
  while (next_event_ < end_event_) {
    const epoll_event& event = events_[next_event_];
    current_read_ = reads[next_event_++];
    static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    current_read_ = nullptr;
  }
  is_batching_ = false;
  batch_.write_all();
}

void EventLoop::do_in_pieces(Work work) {
  if (!works_.empty() || !do_piece(work)) works_.push_back(std::move(work));
}

void EventLoop::go_on_with_works() {
  while (!works_.empty() && do_piece(works_.front())) works_.pop_front();
}

/// Whether that was the last of it.
bool EventLoop::do_piece(const Work& work) {
  const Duration all = std::clamp(kWorksPerOther * last_turn_, kLeastForWorks, kMostForWorks);
  const Duration most = all - spent_on_works_;
  if (most <= Duration(0)) return false;
  const TimePoint began = clock_now();
  const bool is_done = work(began + most);
  spent_on_works_ += clock_now() - began;
  return is_done;
}

void EventLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  has_mail_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  VERIFY(::write(letter_.get(), &one, sizeof one) == sizeof one);
}

void EventLoop::run_posted() {
  if (!has_mail_.load(std::memory_order_acquire)) return;
  has_mail_.exchange(false, std::memory_order_acq_rel);  // Who posts from here on says so again.
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) task();
}

}  // namespace faultline
