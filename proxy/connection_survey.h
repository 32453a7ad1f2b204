#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "proxy/connection_id.h"
#include "proxy/workers.h"

namespace faultline {

class Connection;

/// Walks over the live connections of some proxies, on all workers at once, in
/// the order of their ids, and stops no worker for long.
///
/// A worker does a little at a time, kTurn long, and goes on with its other work
/// before the next; a hundred thousand connections take some ten such turns. One
/// that opens or ends meanwhile may be seen or not; all others are seen once.
class ConnectionSurvey {
 public:
  /// How long a worker may be busy with it at once, give or take a few visits.
  static constexpr Duration kTurn = std::chrono::microseconds(300);

  /// `proxies`: their numbers, in ascending order.
  ConnectionSurvey(Workers& workers, std::vector<std::uint64_t> proxies)
      : workers_(workers), proxies_(std::move(proxies)) {}

  /// Calls `visit` with a worker's number and each of its connections, or those
  /// behind `after`, on the worker's thread and on all workers at once, until it
  /// returns false there.
  using Visit = std::function<bool(std::size_t worker, const Connection& connection)>;
  void run(std::optional<ConnectionId> after, const Visit& visit) const;

 private:
  /// How far one worker has come.
  struct Place {
    std::size_t proxy = 0;   // The index of the one it is at,
    std::uint64_t next = 0;  // and the least ordinal that it has not seen there.
    bool is_done = false;
  };

  void go_on(Worker& worker, std::size_t index, Place& place, const Visit& visit) const;

  Workers& workers_;
  const std::vector<std::uint64_t> proxies_;
};

}  // namespace faultline
