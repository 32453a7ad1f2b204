#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/background.h"
#include "control-api/event_log.h"
#include "proxy/uv_handle.h"

namespace faultline {

/// Keeps a file as the server is: it is written at the start and soon after each event, on
/// another thread. What a crash finds on disk is as old as the last writing took, plus 100 ms or,
/// where snapshots are large, fifty times as long as making one takes.
class StateKeeper final : EventSubscriber {
 public:
  /// `snapshot` says what is to be written. It, `loop` and `events` must outlive this.
  StateKeeper(uv_loop_t& loop, EventLog& events, std::string path,
              std::function<std::string()> snapshot);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// What there is now is on disk when this returns, or it is logged why not.
  void write_now();

 private:
  class File;

  void on_events() noexcept override;
  void rest();
  static void on_time(uv_timer_t* timer) noexcept;
  void write_soon();
  void tell(const Result<void>& written);

  EventLog& events_;
  const std::function<std::string()> snapshot_;
  const std::shared_ptr<File> file_;
  Background writing_;
  OwnedHandle<uv_timer_t> timer_;
  std::uint64_t rest_ms_;    // From an event, or a try, to the next writing.
  bool is_failing_ = false;  // The last time it could not be written.
};

}  // namespace faultline
