#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "bench/load.h"
#include "bench/pattern.h"
#include "bench/poller.h"

namespace faultline::bench {

/// Connections that live for one request.
struct ConnectSettings {
  std::size_t at_once = 16;
  std::size_t answer_bytes = 64;
};

/// Connects, asks, is answered, sees the server close, closes; and again. The
/// server closes first, as HTTP/1.0 does, so no port of a client or of the
/// proxy is left waiting (TIME_WAIT), and a run does not burden the next.
class ConnectLoad {
 public:
  /// `target` must outlive the load.
  ConnectLoad(const Target& target, const ConnectSettings& settings);
  ~ConnectLoad();
  ConnectLoad(const ConnectLoad&) = delete;
  ConnectLoad& operator=(const ConnectLoad&) = delete;

  /// Latency is from connect() to the server's FIN. Once only.
  LoadResult run(const Window& window);

 private:
  class Slot;

  void on_done(TimePoint started, bool is_right);
  void turn_until(TimePoint end);

  const Target& target_;
  const ConnectSettings settings_;
  const Pattern pattern_;
  Poller poller_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::size_t open_ = 0;
  bool connecting_ = true;  // Whether a slot starts again when it is done.
  bool measuring_ = false;
  LoadResult result_;
};

}  // namespace faultline::bench
