#include "toxics/byte_window.h"

#include <algorithm>
#include <utility>

namespace faultline {

/// What the inner toxic speaks to: the outlet of the whole, with a look at what it asks for.
class ByteWindow::InnerOutlet final : public Outlet {
 public:
  InnerOutlet(ByteWindow& window, TimePoint now, Outlet& out)
      : window_(window), now_(now), out_(out) {}

  void send(Chunk chunk, TimePoint at) override {
    // What follows a byte that is held for ever is held for ever, whatever its time.
    if (at == kNever || window_.held_for_ever_ > 0) window_.held_for_ever_ += chunk.size();
    out_.send(std::move(chunk), at);
  }
  void release(std::size_t bytes, TimePoint at) override {
    if (at != kNever) {
      window_.held_for_ever_ -= std::min<std::uint64_t>(window_.held_for_ever_, bytes);
    }
    out_.release(bytes, at);
  }
  void finish(TimePoint at) override { out_.finish(at); }
  void close(TimePoint at) override { out_.close(at); }

  /// A reset drops what has not been taken yet. Asked for in the moment in which the window
  /// opens, that is the bytes before it, which are to pass: so they get the time to.
  void reset() override {
    if (now_ > window_.opened_at_) {
      out_.reset();
    } else if (!std::exchange(window_.resetting_, true)) {
      out_.wake(faultline::after(now_, Duration(1)));
    }
  }
  void wake(TimePoint at) override {
    if (!window_.resetting_) out_.wake(at);
  }

 private:
  ByteWindow& window_;
  const TimePoint now_;
  Outlet& out_;
};

ByteWindow::ByteWindow(Bounds bounds, const MakeInner& make_inner, StageMemory& memory)
    : after_(bounds.after), until_(bounds.until.value_or(UINT64_MAX)), memory_(memory), inner_([&] {
        const std::uint64_t position = memory.passed_bytes;
        memory.passed_bytes = inner_count(position);
        std::unique_ptr<Toxic> inner = make_inner(memory);
        memory.passed_bytes = position;
        return inner;
      }()) {}

ByteWindow::~ByteWindow() = default;

/// How many of the first `position` bytes lie in the window.
std::uint64_t ByteWindow::inner_count(std::uint64_t position) const {
  return std::clamp(position, after_, std::max(after_, until_)) - after_;
}

void ByteWindow::on_start(TimePoint now, Outlet& out) {
  const std::uint64_t position = memory_.passed_bytes;
  if (until_ <= after_ || position > until_) {
    phase_ = Phase::kBehind;
  } else if (position >= after_) {
    open(now, out);
  }
}

void ByteWindow::on_data(Chunk chunk, TimePoint arrived, Outlet& out) {
  if (phase_ == Phase::kBefore) {
    const std::uint64_t left = after_ - memory_.passed_bytes;
    const bool is_all = chunk.size() <= left;
    const bool opens = chunk.size() >= left;
    pass(is_all ? chunk : chunk.take_front(left), arrived, out);
    if (opens) open(arrived, out);
    if (is_all) return;
  }
  if (phase_ == Phase::kInside) {
    const std::uint64_t left = until_ - memory_.passed_bytes;
    if (chunk.size() <= left) {
      tell_inner(std::move(chunk), arrived, out);
      return;
    }
    if (left > 0) tell_inner(chunk.take_front(left), arrived, out);
    close(arrived, out);
  }
  pass(std::move(chunk), arrived, out);
}

void ByteWindow::on_finish(TimePoint arrived, Outlet& out) {
  if (phase_ == Phase::kInside) {
    call_inner(arrived, out, [&](Outlet& inner_out) { inner_->on_finish(arrived, inner_out); });
  } else if (!resetting_) {
    out.finish(arrived);
  }
}

void ByteWindow::on_wake(TimePoint now, Outlet& out) {
  if (resetting_) {
    out.reset();
  } else if (phase_ == Phase::kInside) {
    call_inner(now, out, [&](Outlet& inner_out) { inner_->on_wake(now, inner_out); });
  }
}

void ByteWindow::on_remove(TimePoint now, Outlet& out) {
  if (resetting_) {
    out.close(now);  // No reset, then, but what came since has been swallowed.
  } else if (phase_ == Phase::kInside) {
    call_inner(now, out, [&](Outlet& inner_out) { inner_->on_remove(now, inner_out); });
  }
}

/// A toxic that takes in nothing at all (`zero_window`) is to find what comes after its first
/// byte unread: so before its window no more is taken in than lies before it.
std::size_t ByteWindow::window() const {
  const std::size_t inner = inner_->window();
  if (phase_ == Phase::kInside) return inner;
  if (phase_ == Phase::kBehind) return std::max(inner, kSmallWindow);
  const std::uint64_t left = after_ - memory_.passed_bytes;
  return std::max<std::size_t>(inner, std::min<std::uint64_t>(left, kSmallWindow));
}

/// Calls the inner toxic, unless it has asked for the end already.
template <class Call>
void ByteWindow::call_inner(TimePoint now, Outlet& out, const Call& call) {
  if (resetting_) return;
  const std::uint64_t position = memory_.passed_bytes;
  memory_.passed_bytes = inner_count(position);
  InnerOutlet inner_out(*this, now, out);
  call(inner_out);
  memory_.passed_bytes = position;
}

void ByteWindow::open(TimePoint now, Outlet& out) {
  phase_ = Phase::kInside;
  if (after_ > 0) opened_at_ = now;
  call_inner(now, out, [&](Outlet& inner_out) { inner_->on_start(now, inner_out); });
}

void ByteWindow::close(TimePoint now, Outlet& out) {
  call_inner(now, out, [&](Outlet& inner_out) { inner_->on_remove(now, inner_out); });
  phase_ = Phase::kBehind;
  if (resetting_) return;
  out.wake(kNever);
  out.release(std::exchange(held_for_ever_, 0), now);  // And an end behind it.
}

void ByteWindow::pass(Chunk chunk, TimePoint arrived, Outlet& out) {
  memory_.passed_bytes += chunk.size();
  if (!resetting_) out.send(std::move(chunk), arrived);
}

void ByteWindow::tell_inner(Chunk chunk, TimePoint arrived, Outlet& out) {
  const std::size_t size = chunk.size();
  call_inner(arrived, out,
             [&](Outlet& inner_out) { inner_->on_data(std::move(chunk), arrived, inner_out); });
  memory_.passed_bytes += size;
}

}  // namespace faultline
