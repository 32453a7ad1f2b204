#include "cli/state_keeper.h"

#include <algorithm>
#include <utility>

#include "base/verify.h"
#include "control-api/durable_file.h"
#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

constexpr std::uint64_t kLeastRestMs = 100;
/// Of the loop's time, making snapshots takes at the most one part in so many.
constexpr std::uint64_t kShareOfTime = 50;

}  // namespace

StateKeeper::StateKeeper(uv_loop_t& loop, EventLog& events, std::string path, LogLevel trouble,
                         std::function<std::string()> snapshot)
    : events_(events),
      snapshot_(std::move(snapshot)),
      path_(std::move(path)),
      trouble_(trouble),
      writing_(loop),
      rest_ms_(kLeastRestMs) {
  auto timer = std::make_unique<uv_timer_t>();
  VERIFY(uv_timer_init(&loop, timer.get()) == 0);
  timer->data = this;
  timer_.reset(timer.release());
  uv_unref(reinterpret_cast<uv_handle_t*>(timer_.get()));  // It is no work to wait for.
  events_.subscribe(*this);
  rest();
}

StateKeeper::~StateKeeper() {
  if (!has_finished_) events_.unsubscribe(*this);
}

void StateKeeper::finish() {
  if (std::exchange(has_finished_, true)) return;
  events_.unsubscribe(*this);
  uv_timer_stop(timer_.get());
  if (writing_.busy()) {
    last_ = snapshot_();
  } else {
    write();
  }
}

void StateKeeper::on_events() noexcept {
  if (uv_is_active(reinterpret_cast<uv_handle_t*>(timer_.get())) == 0) rest();
}

void StateKeeper::rest() {
  uv_update_time(timer_->loop);
  VERIFY(uv_timer_start(timer_.get(), on_time, rest_ms_, 0) == 0);
}

void StateKeeper::on_time(uv_timer_t* timer) noexcept {
  auto* self = static_cast<StateKeeper*>(timer->data);
  if (self == nullptr) return;
  if (self->writing_.busy()) {
    self->rest();
  } else {
    self->write();
  }
}

void StateKeeper::write() {
  const TimePoint begun = clock_now();
  const auto text =
      std::make_shared<const std::string>(last_.empty() ? snapshot_() : std::exchange(last_, ""));
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(clock_now() - begun);
  rest_ms_ = std::max(kLeastRestMs, kShareOfTime * static_cast<std::uint64_t>(took.count()));
  const auto written = std::make_shared<Result<void>>();
  writing_.run([path = path_, text, written] { *written = write_durably(path, *text); },
               [this, written] { on_written(*written); });
}

void StateKeeper::on_written(const Result<void>& written) {
  if (written) {
    is_failing_ = false;
  } else if (!std::exchange(is_failing_, true)) {
    log(trouble_, "server", "proxies and toxics cannot be kept for --restore",
        {{"file", path_}, {"error", written.error().message}});
  }
  if (!last_.empty()) write();
}

}  // namespace faultline
