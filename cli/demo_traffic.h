#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "cli/blocking_socket.h"
#include "proxy/names.h"

namespace faultline {

/// How one request of the demo went.
struct DemoSample {
  std::chrono::nanoseconds latency{};  ///< Until the answer, or until it failed.
  std::string failure;                 ///< "" if it was answered.
};

/// A trickle of requests to one address, about five a second, on a thread of
/// its own: one after the other over a connection that is kept open, and made
/// anew once it is cut.
class DemoTraffic {
 public:
  /// What has happened since the last call.
  struct News {
    std::vector<DemoSample> samples;
    std::optional<std::chrono::nanoseconds> waiting;  ///< For an answer that is not there yet.
  };

  explicit DemoTraffic(const SocketAddress& address);
  ~DemoTraffic();
  DemoTraffic(const DemoTraffic&) = delete;
  DemoTraffic& operator=(const DemoTraffic&) = delete;

  News take_news();  ///< Any thread.

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  DemoSample request();
  Result<void> exchange(Clock::time_point deadline);

  const SocketAddress address_;
  std::optional<BlockingSocket> socket_;  // Of the thread.
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // Guards what follows.
  std::vector<DemoSample> samples_;
  std::optional<Clock::time_point> waiting_since_;
  std::thread thread_;
};

}  // namespace faultline
