#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bench/load.h"
#include "bench/pattern.h"
#include "bench/poller.h"
#include "bench/socket.h"

namespace faultline::bench {

/// Messages that come back.
struct EchoSettings {
  std::size_t connections = 1;
  std::size_t message_bytes = 64;
  /// Messages a second, over all connections; 0 is a closed loop: each
  /// connection sends its next message when the last is back.
  double rate = 0;
  /// At a rate, so many are due at a time: fewer wake-ups, so that the machine
  /// can do more of them.
  std::size_t burst = 1;
  /// At a rate, each 100th message goes to connections of this port instead, if
  /// it is not 0: what these take under the same load is what is usual.
  std::uint16_t control_port = 0;
  /// Connections go these ways in turn; empty: to the target's port.
  std::vector<Way> ways = {};
  Role role = Role::kEcho;  ///< Of the origin: kEcho or kWatchedEcho.
};

/// One message that is under way.
struct Message {
  TimePoint intended;  ///< When it was to be sent: latency is counted from here.
  TimePoint sent;      ///< When it was.
  bool is_control = false;
};

/// Connections to an echo server. Every byte that comes back is checked.
///
/// At a fixed rate messages are due at even distances, in turn on each
/// connection, whether or not earlier ones are back: a proxy that stalls is
/// charged for every message that had to wait (no "coordinated omission").
class EchoLoad {
 public:
  /// `target` must outlive the load.
  EchoLoad(const Target& target, const EchoSettings& settings);
  ~EchoLoad();  ///< Closes the connections.
  EchoLoad(const EchoLoad&) = delete;
  EchoLoad& operator=(const EchoLoad&) = delete;

  /// Is told of each message that comes back in a window, and when.
  std::function<void(const Message&, TimePoint)> observer;

  /// Opens every connection and sees one message come back on each. Errors:
  /// kNetwork, when that takes longer than `patience` without any progress.
  Result<void> connect_all(Duration patience = kDrainPatience);

  /// Runs the load. Throughput is what comes back within the window; latency is
  /// that of the messages intended within it, whenever they come back. Returns
  /// when all are back, or the rest are lost. May be called again.
  /// REQUIRES: connect_all() succeeded.
  LoadResult run(const Window& window);

  /// Ends the window of run() at once, for good. Any thread.
  void end_window() { is_over_ = true; }

  /// Messages sent and messages that came back, ever. Any thread.
  std::uint64_t posted() const { return posted_; }
  std::uint64_t echoed() const { return echoed_; }

 private:
  class Connection;

  std::size_t all_connections() const;
  Way next_way() const;
  void post(Connection& connection, const Message& message);
  void on_echo(Connection& connection, const Message& message, TimePoint when);
  void on_broken(std::size_t messages_lost);
  void turn_until(TimePoint end);
  void send_due();

  const Target& target_;
  const EchoSettings settings_;
  const Pattern pattern_;
  Poller poller_;
  std::vector<char> buffer_;  // For the bytes of one read.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t under_way_ = 0;  // Messages, over all connections.
  std::atomic<std::uint64_t> posted_{0};
  std::atomic<std::uint64_t> echoed_{0};
  std::atomic<bool> is_over_{false};

  bool sending_ = false;
  TimePoint next_due_ = kNever;  // At a fixed rate: of the next message,
  std::size_t next_ = 0;         // and the connection it goes to,
  std::size_t turn_ = 0;         // unless it is its turn to be a control.
  TimePoint window_start_ = kNever;
  TimePoint window_end_ = kNever;
  LoadResult result_;
};

}  // namespace faultline::bench
