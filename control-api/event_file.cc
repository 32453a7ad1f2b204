#include "control-api/event_file.h"

#include <utility>

#include "base/log.h"
#include "base/timestamp.h"
#include "control-api/event_tail.h"

namespace faultline {

namespace {

/// One write and one fdatasync are for this much.
constexpr std::size_t kBatchBytes = 1UL << 20;

}  // namespace

Result<std::unique_ptr<EventFile>> EventFile::open(const Options& options) {
  // First, for nobody else may write while the end is mended.
  RotatedFile file(options.path, options.most_bytes);
  if (const auto opened = file.open(); !opened) return Fail(opened.error());
  const auto tail = mend_event_log(options.path);
  if (!tail) return Fail(tail.error());
  if (const auto opened = file.open(); !opened) return Fail(opened.error());
  std::unique_ptr<EventFile> made(new EventFile(options, std::move(file)));
  made->last_seq_ = tail->last_seq + (tail->is_orderly ? 0 : kUncertain);
  made->mended_ = tail->mended;
  made->thread_ = std::thread([self = made.get()] { self->run(); });
  return made;
}

EventFile::EventFile(const Options& options, RotatedFile file)
    : options_(options), file_(std::move(file)) {}

EventFile::~EventFile() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void EventFile::take(std::shared_ptr<const Event> event) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const std::size_t bytes = event->bytes();
    const bool fits = queued_bytes_ == 0 || queued_bytes_ + bytes <= options_.queue_bytes;
    if (fits) {
      queued_bytes_ += bytes;
      queue_.push_back({.event = std::move(event)});
    } else {
      if (queue_.empty() || queue_.back().event != nullptr) {
        queue_.push_back({.first_dropped = event->seq()});
      }
      queue_.back().last_dropped = event->seq();
      ++queue_.back().dropped;
    }
  }
  changed_.notify_one();
}

std::string EventFile::line_of(const Entry& entry) {
  if (entry.event != nullptr) return std::string(entry.event->json()) + "\n";
  return R"({"type":"log.dropped","time":")" + timestamp_now() + R"(","count":)" +
         std::to_string(entry.dropped) + R"(,"from":)" + std::to_string(entry.first_dropped) +
         R"(,"to":)" + std::to_string(entry.last_dropped) + "}\n";
}

void EventFile::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      writing_.swap(queue_);
    }
    while (!writing_.empty()) {
      if (!write_batch() && !rest()) return;
    }
  }
}

/// Writes some of writing_, or nothing. False if the disk refuses.
bool EventFile::write_batch() {
  std::string batch;
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const Entry& entry : writing_) {
    const std::string line = line_of(entry);
    const bool fits = batch.size() + line.size() <= file_.room() && batch.size() < kBatchBytes;
    if (count > 0 && !fits) break;
    batch += line;
    bytes += entry.event == nullptr ? 0 : entry.event->bytes();
    ++count;
  }
  const auto written = file_.append(batch);
  note_result(written);
  if (!written) return false;
  writing_.erase(writing_.begin(), writing_.begin() + static_cast<std::ptrdiff_t>(count));
  const std::lock_guard lock(mutex_);
  queued_bytes_ -= bytes;
  return true;
}

/// Says in the log when the disk begins to refuse, and when it takes events again.
void EventFile::note_result(const Result<void>& result) {
  const bool was_failing = std::exchange(is_failing_, !result);
  if (!result && !was_failing) {
    log(LogLevel::kError, "events", "the event log cannot be written, it is tried again",
        {{"error", std::string_view(result.error().message)}});
  } else if (result && was_failing) {
    log(LogLevel::kInfo, "events", "the event log is written again");
  }
}

/// Waits a moment. False if the server stops: what waits is lost then.
bool EventFile::rest() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, options_.retry, [this] { return is_stopping_; })) return true;
  log(LogLevel::kError, "events", "events are lost with the event log",
      {{"events", static_cast<std::int64_t>(writing_.size() + queue_.size())}});
  return false;
}

}  // namespace faultline
