#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "control-api/event_log.h"
#include "control-api/rotated_file.h"

namespace faultline {

/// Writes events to a file, one JSON object a line, on a thread of its own: batch
/// by batch, each on the disk before the next. Who adds events never waits: what
/// the disk does not keep up with is counted and dropped, and a line
/// {"type":"log.dropped"} stands in its place. A disk that is full or gone is
/// tried again until it takes them.
class EventFile final : public EventSink {
 public:
  struct Options {
    std::string path;
    std::uint64_t most_bytes = 100'000'000;  ///< Then the file is rotated.
    std::size_t queue_bytes = 16UL << 20;    ///< Waiting for the disk at the most.
    std::chrono::milliseconds retry{1'000};  ///< After the disk has refused.
  };

  /// An event that was told to somebody may not have reached the disk when a run
  /// ended badly: so many numbers are left out after one.
  static constexpr std::uint64_t kUncertain = 100'000;

  /// Opens the file, mends what a crash has left, and finds out where its numbers
  /// end. Blocks. Errors: kInvalid, kNetwork; they name the file.
  static Result<std::unique_ptr<EventFile>> open(const Options& options);
  ~EventFile();  ///< Writes what waits, if the disk takes it, and stops.
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// No event has had a higher number.
  std::uint64_t last_seq() const { return last_seq_; }
  /// What was wrong with the end of the file, for the log; "" if nothing was.
  const std::string& mended() const { return mended_; }

  void take(std::shared_ptr<const Event> event) noexcept override;

 private:
  /// An event, or a place where some were dropped.
  struct Entry {
    std::shared_ptr<const Event> event{};
    std::uint64_t first_dropped = 0;
    std::uint64_t last_dropped = 0;
    std::uint64_t dropped = 0;
  };

  EventFile(const Options& options, RotatedFile file);

  static std::string line_of(const Entry& entry);
  void run();
  bool write_batch();
  void note_result(const Result<void>& result);
  bool rest();

  const Options options_;
  std::uint64_t last_seq_ = 0;
  std::string mended_;

  RotatedFile file_;           // Of the thread's own,
  std::deque<Entry> writing_;  // as are these.
  bool is_failing_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> queue_;       // Guarded by mutex_,
  std::size_t queued_bytes_ = 0;  // of queue_ and writing_,
  bool is_stopping_ = false;      // as are these.
  std::thread thread_;
};

}  // namespace faultline
