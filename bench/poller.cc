#include "bench/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/verify.h"

namespace faultline::bench {

TimePoint now() {
  return std::chrono::steady_clock::now();
}

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  VERIFY(epoll_.is_open());
}

void Poller::add(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  VERIFY(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void Poller::change(int fd, std::uint32_t events, Handler& handler) {
  epoll_event event{.events = events, .data = {.ptr = &handler}};
  VERIFY(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Poller::turn(TimePoint until) {
  std::array<epoll_event, 512> events;
  const std::int64_t wait = std::max<std::int64_t>((until - now()).count(), 0);
  const timespec timeout{.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
  const int ready = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  VERIFY(ready >= 0 || errno == EINTR);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Handler*>(event.data.ptr)->on_ready(event.events);
  }
}

}  // namespace faultline::bench
