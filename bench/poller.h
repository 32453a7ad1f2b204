#pragma once

#include <cstdint>

#include "base/time.h"
#include "proxy/file_descriptor.h"

namespace faultline::bench {

/// The time now.
TimePoint now();

/// Is told what its file descriptor is ready for.
class Handler {
 public:
  /// `events` are epoll's. It may close its own file descriptor, but not
  /// destroy another handler before turn() has returned.
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Handler() = default;
};

/// One thread's epoll, level-triggered, with deadlines to the microsecond.
/// Closing a file descriptor takes it out.
class Poller {
 public:
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// `handler` must stay until `fd` is closed. REQUIRES: `fd` is open.
  void add(int fd, std::uint32_t events, Handler& handler);
  void change(int fd, std::uint32_t events, Handler& handler);

  /// Waits until something is ready, `until` has come or a signal arrives, and
  /// calls each handler that is ready once.
  void turn(TimePoint until);

 private:
  FileDescriptor epoll_;
};

}  // namespace faultline::bench
