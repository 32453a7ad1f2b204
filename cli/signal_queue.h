#pragma once

#include <sys/signalfd.h>
#include <uv.h>

#include <functional>
#include <optional>
#include <vector>

#include "proxy/file_descriptor.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// Takes signals off the process, with what the kernel knows of each: libuv's
/// own watchers say only the number.
class SignalQueue {
 public:
  using Info = signalfd_siginfo;

  /// Blocks the signals, for good, in the calling thread and those it starts
  /// from now on. REQUIRES: no other thread runs yet.
  SignalQueue(uv_loop_t& loop, const std::vector<int>& numbers);
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  ~SignalQueue() = default;

  /// The next that has come; nothing if none has.
  std::optional<Info> take() const;

  /// From now on calls `on_signal` from the loop, which must outlive this. Once only.
  void watch(std::function<void(const Info&)> on_signal);

 private:
  static void on_readable(uv_poll_t* handle, int status, int events) noexcept;

  uv_loop_t& loop_;
  FileDescriptor queue_;
  std::function<void(const Info&)> on_signal_;
  OwnedHandle<uv_poll_t> poll_;  // Of queue_, so it goes first.
};

/// Whether a process has sent it, by kill() and the like. The kernel sends a
/// signal on behalf of a terminal (Ctrl-C, a new window size, a hang-up) to all
/// processes of the foreground group. The code tells, and not the sender's pid,
/// which is 0 for one in a pid namespace outside of ours (sigaction(2), si_code).
bool is_from_process(const SignalQueue::Info& info);

}  // namespace faultline
