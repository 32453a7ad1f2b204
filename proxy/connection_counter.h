#pragma once

#include <cstddef>

#include "proxy/live_toxic.h"

namespace faultline {

/// Is shown every open connection of a proxy, by each worker those that are its own.
class ConnectionCounter {
 public:
  /// Whether a connection's client matters to count().
  virtual bool needs_client() const = 0;
  virtual bool needs_destination() const = 0;  ///< The same of its destination.
  /// On the thread of that worker.
  virtual void count(std::size_t worker, const ConnectionIdentity& connection, TimePoint now) = 0;

 protected:
  ~ConnectionCounter() = default;
};

}  // namespace faultline
