#include "cli/signal_wait.h"

#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "base/verify.h"

namespace faultline {

SignalWait::SignalWait() {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
  VERIFY(pthread_sigmask(SIG_BLOCK, &signals_, &before_) == 0);
  pending_ = FileDescriptor(signalfd(-1, &signals_, SFD_NONBLOCK | SFD_CLOEXEC));
  VERIFY(pending_.is_open());
}

SignalWait::~SignalWait() {
  release();
}

void SignalWait::release() {
  VERIFY(pthread_sigmask(SIG_SETMASK, &before_, nullptr) == 0);
}

int SignalWait::wait(std::chrono::milliseconds patience) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const timespec time{.tv_sec = seconds.count(),
                      .tv_nsec = std::chrono::nanoseconds(patience - seconds).count()};
  const int signal = sigtimedwait(&signals_, nullptr, &time);
  return std::max(signal, 0);
}

}  // namespace faultline
