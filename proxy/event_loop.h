#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/alarm_clock.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// A libuv loop with what the data plane needs of one: precise alarms, tasks
/// posted from other threads, and deletion once the present callback is over.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  ///< REQUIRES: nothing else is open on the loop. On the thread that ran it.
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  AlarmClock& alarms() { return *alarms_; }

  /// Runs until stop().
  void run();

  /// Ends run() after the present callback. On the loop's thread.
  void stop() { uv_stop(&loop_); }

  /// Runs `task` on the loop's thread, between two callbacks, in the order
  /// posted. Any thread; the only part of a loop that may be called from outside.
  void post(std::function<void()> task);

  /// Destroys `object` once the present callback has unwound: how an object
  /// ends itself.
  template <class T>
  void deferred_delete(std::unique_ptr<T> object) {
    retired_.emplace_back(object.release(), [](void* retired) { delete static_cast<T*>(retired); });
  }

 private:
  using Retired = std::unique_ptr<void, void (*)(void*)>;

  void run_posted();

  uv_loop_t loop_{};
  OwnedHandle<uv_async_t> wake_up_;
  OwnedHandle<uv_prepare_t> before_waiting_;
  std::unique_ptr<AlarmClock> alarms_;
  std::vector<Retired> retired_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_.
};

}  // namespace faultline
