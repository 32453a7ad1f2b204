#include "cli/signal_queue.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>

#include "base/verify.h"

namespace faultline {

SignalQueue::SignalQueue(uv_loop_t& loop, const std::vector<int>& numbers) : loop_(loop) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  VERIFY(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  queue_ = FileDescriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  VERIFY(queue_.is_open());
}

std::optional<SignalQueue::Info> SignalQueue::take() const {
  Info info{};
  if (read(queue_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return info;
}

void SignalQueue::watch(std::function<void(const Info&)> on_signal) {
  VERIFY(!on_signal_);
  on_signal_ = std::move(on_signal);
  auto poll = std::make_unique<uv_poll_t>();
  VERIFY(uv_poll_init(&loop_, poll.get(), queue_.get()) == 0);
  poll->data = this;
  poll_.reset(poll.release());
  VERIFY(uv_poll_start(poll_.get(), UV_READABLE, on_readable) == 0);
}

void SignalQueue::on_readable(uv_poll_t* handle, int /*status*/, int /*events*/) noexcept {
  auto* self = static_cast<SignalQueue*>(handle->data);
  if (self == nullptr) return;
  while (const auto info = self->take()) self->on_signal_(*info);
}

bool is_from_process(const SignalQueue::Info& info) {
  return info.ssi_code <= 0;
}

}  // namespace faultline
