#pragma once

#include <sys/epoll.h>
#include <uv.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "proxy/alarm_clock.h"
#include "proxy/call_batch.h"
#include "proxy/file_descriptor.h"

namespace faultline {

/// Is told what has become of a descriptor.
class Watcher {
 public:
  /// `events` are EPOLL bits, as epoll_wait(2) gave them.
  virtual void on_ready(std::uint32_t events) noexcept = 0;

  /// Before that: the descriptor that a small read will be made of, if one is
  /// sure to follow from `events`, else -1. It may be made along with others;
  /// then EventLoop::take_read() has it.
  virtual int fd_to_read(std::uint32_t /*events*/) noexcept { return -1; }

 protected:
  ~Watcher() = default;
};

/// The loop of a worker: an epoll set of its own with precise alarms, tasks
/// posted from other threads, and deletion once the present callback is over.
///
/// Why not libuv's: it keeps its watchers by descriptor, changes its epoll set
/// for each change of interest, and is level-triggered. Here a socket is put
/// into the set once, edge-triggered, and never touched again; a socket costs
/// 48 bytes instead of 208. libuv serves here for what needs its threads: names
/// are looked up on uv(), whose own descriptor is in the set.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  ///< REQUIRES: nothing is watched any more. On the thread that ran it.
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Only for requests (uv_getaddrinfo): the loop turns it while one is under
  /// way. A handle on it would not be served.
  uv_loop_t* uv() { return &uv_; }
  AlarmClock& alarms() { return alarms_; }

  /// Tells `watcher` of `events` (EPOLL bits) on `fd` until unwatch(), or until
  /// `fd` is closed and `watcher` forgotten. It outlives its watch.
  void watch(int fd, std::uint32_t events, Watcher& watcher);
  void unwatch(int fd, Watcher& watcher);

  /// Drops what was to be told to `watcher` in the present turn: before it is
  /// destroyed with a descriptor that is being closed.
  void forget(Watcher& watcher);

  /// Runs until stop().
  void run();

  /// Where writes may be put that can wait until all events of the turn were
  /// told; null at other times, and where calls cannot be batched.
  CallBatch* batch() { return is_batching_ ? &batch_ : nullptr; }
  /// Calls are never batched. REQUIRES: it does not run yet.
  void turn_off_batches() { batch_.turn_off(); }

  /// The read that was made for whoever is told of an event just now; null if
  /// there is none, or it was taken.
  const CallBatch::Read* take_read() { return std::exchange(current_read_, nullptr); }

  /// How long the callbacks of the last turn took, but for works that are done in pieces.
  Duration last_turn() const { return last_turn_; }

  /// Ends run() after the present callback. On the loop's thread.
  void stop() { is_running_ = false; }

  /// Runs `task` on the loop's thread, between two callbacks, in the order
  /// posted; from a callback of the loop itself, before its turn is over. Any thread; the only part
  /// of a loop that may be called from outside.
  void post(std::function<void()> task);

  /// A piece of what is to be done; true, that was the last.
  using Work = std::function<bool(TimePoint until)>;

  /// Does what would keep others waiting if it were done in one go: calls `work` now, and then
  /// once a turn, until it returns true. It is to return at `until`, or soon after.
  ///
  /// All such works together have 0.3 ms of a turn; on a busy loop, so that they come to an end
  /// there too, four times what everybody else has taken, up to 2 ms. Who has come first goes
  /// first. On the loop's thread.
  void do_in_pieces(Work work);

  /// Destroys `object` once the present callback has unwound: how an object
  /// ends itself.
  template <class T>
  void deferred_delete(std::unique_ptr<T> object) {
    retired_.emplace_back(object.release(), [](void* retired) { delete static_cast<T*>(retired); });
  }

 private:
  using Retired = std::unique_ptr<void, void (*)(void*)>;

  /// For descriptors that are watched only so that the loop wakes up.
  class WakeUp final : public Watcher {
    void on_ready(std::uint32_t /*events*/) noexcept override {}
  };

  /// Told in one turn, and as many alarms: a control call waits for the end of a turn. What is
  /// done in pieces waits for many of them.
  static constexpr std::size_t kEventsPerTurn = 64;
  static constexpr std::size_t kEventsPerPiece = 8;

  void turn();
  void tell_all();
  void tell_in_batches();
  void run_posted();
  void go_on_with_works();
  bool do_piece(const Work& work);

  FileDescriptor epoll_;
  FileDescriptor letter_;  // An eventfd: something was posted.
  AlarmClock alarms_;
  uv_loop_t uv_{};
  WakeUp wake_up_;
  bool is_running_ = false;
  Duration last_turn_{0};
  std::array<epoll_event, kEventsPerTurn> events_;  // Of this turn; those in
  std::size_t next_event_ = 0;                      // [next_event_, end_event_)
  std::size_t end_event_ = 0;                       // are still to be told.
  CallBatch batch_;
  bool is_batching_ = false;
  const CallBatch::Read* current_read_ = nullptr;
  std::vector<Retired> retired_;
  std::vector<Retired> dying_;
  std::deque<Work> works_;      // That are not done yet.
  Duration spent_on_works_{0};  // In this turn.
  std::atomic<bool> has_mail_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // Guarded by mutex_.
};

}  // namespace faultline
