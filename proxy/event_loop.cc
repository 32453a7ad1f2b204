#include "proxy/event_loop.h"

#include <utility>

#include "base/verify.h"

namespace faultline {

EventLoop::EventLoop() {
  VERIFY(uv_loop_init(&loop_) == 0);
  auto* wake_up = new uv_async_t;
  VERIFY(uv_async_init(&loop_, wake_up, [](uv_async_t* handle) noexcept {
           auto* self = static_cast<EventLoop*>(handle->data);
           if (self != nullptr) self->run_posted();
         }) == 0);
  wake_up_.reset(wake_up);
  wake_up->data = this;

  auto* before_waiting = new uv_prepare_t;
  VERIFY(uv_prepare_init(&loop_, before_waiting) == 0);
  before_waiting_.reset(before_waiting);
  before_waiting->data = this;
  uv_prepare_start(before_waiting, [](uv_prepare_t* handle) noexcept {
    auto* self = static_cast<EventLoop*>(handle->data);
    if (self != nullptr) std::exchange(self->retired_, {});
  });
  alarms_ = std::make_unique<AlarmClock>(&loop_);
}

EventLoop::~EventLoop() {
  retired_.clear();
  alarms_.reset();
  wake_up_.reset();
  before_waiting_.reset();
  uv_run(&loop_, UV_RUN_DEFAULT);  // Lets what is closing close.
  VERIFY(uv_loop_close(&loop_) == 0);
}

void EventLoop::run() {
  uv_run(&loop_, UV_RUN_DEFAULT);
}

void EventLoop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  uv_async_send(wake_up_.get());
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (const std::function<void()>& task : tasks) task();
}

}  // namespace faultline
