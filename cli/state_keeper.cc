#include "cli/state_keeper.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/verify.h"
#include "control-api/durable_file.h"
#include "proxy/alarm_clock.h"

namespace faultline {

namespace {

constexpr std::uint64_t kLeastRestMs = 100;
/// Of the loop's time, making snapshots takes at the most one part in so many.
constexpr std::uint64_t kShareOfTime = 50;

}  // namespace

/// Written by whichever thread comes; an older text never replaces a newer one.
class StateKeeper::File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}

  std::uint64_t next_number() { return ++last_; }  // On the loop's thread.
  const std::string& path() const { return path_; }

  Result<void> write(std::uint64_t number, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (number < written_) return {};
    written_ = number;
    return write_durably(path_, text);
  }

 private:
  const std::string path_;
  std::uint64_t last_ = 0;
  std::mutex mutex_;
  std::uint64_t written_ = 0;
};

StateKeeper::StateKeeper(uv_loop_t& loop, EventLog& events, std::string path,
                         std::function<std::string()> snapshot)
    : events_(events),
      snapshot_(std::move(snapshot)),
      file_(std::make_shared<File>(std::move(path))),
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
  events_.unsubscribe(*this);
}

void StateKeeper::write_now() {
  tell(file_->write(file_->next_number(), snapshot_()));
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
  if (self != nullptr) self->write_soon();
}

void StateKeeper::write_soon() {
  if (writing_.busy()) {
    rest();
    return;
  }
  const TimePoint begun = clock_now();
  const auto text = std::make_shared<const std::string>(snapshot_());
  const auto took = std::chrono::ceil<std::chrono::milliseconds>(clock_now() - begun);
  rest_ms_ = std::max(kLeastRestMs, kShareOfTime * static_cast<std::uint64_t>(took.count()));
  const auto written = std::make_shared<Result<void>>();
  writing_.run([file = file_, number = file_->next_number(), text,
                written] { *written = file->write(number, *text); },
               [this, written] { tell(*written); });
}

void StateKeeper::tell(const Result<void>& written) {
  if (written) {
    is_failing_ = false;
  } else if (!std::exchange(is_failing_, true)) {
    log(LogLevel::kWarn, "server", "proxies and toxics cannot be kept for --restore",
        {{"file", file_->path()}, {"error", written.error().message}});
  }
}

}  // namespace faultline
