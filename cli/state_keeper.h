#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "cli/background.h"
#include "control-api/event_log.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// Keeps a file as the server is: it is written at the start and soon after each event, on
/// another thread. What a crash finds on disk is as old as the last writing took, plus 100 ms or,
/// where snapshots are large, fifty times as long as making one takes.
class StateKeeper final : EventSubscriber {
 public:
  /// `snapshot` says what is to be written. It, `loop` and `events` must outlive this. A file
  /// that cannot be written is said in the log, at the level `trouble`.
  StateKeeper(uv_loop_t& loop, EventLog& events, std::string path, LogLevel trouble,
              std::function<std::string()> snapshot);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// What there is now is written once more, and from now on nothing.
  void finish();
  /// Whether there is something that is not on disk yet, of what was to be written.
  bool is_writing() const { return writing_.busy(); }

 private:
  void on_events() noexcept override;
  void rest();
  static void on_time(uv_timer_t* timer) noexcept;
  void write();
  void on_written(const Result<void>& written);

  EventLog& events_;
  const std::function<std::string()> snapshot_;
  const std::string path_;
  const LogLevel trouble_;
  Background writing_;  // One text at a time: an older never replaces a newer.
  std::string last_;    // To be written when the text under way is; "" for none.
  bool has_finished_ = false;
  OwnedHandle<uv_timer_t> timer_;
  std::uint64_t rest_ms_;    // From an event, or a try, to the next writing.
  bool is_failing_ = false;  // The last time it could not be written.
};

}  // namespace faultline
