#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace faultline {

/// A toxic that has ended by itself, on the workers: a limit was reached.
struct EndedToxic {
  std::string proxy;     ///< Its name; "" for a partition.
  std::uint64_t id = 0;  ///< LiveToxic::id, or LivePartition::id.
  std::string reason;    ///< "max_connections 5 reached".
};

/// Where workers leave word of toxics that have ended, for the control thread.
/// A toxic ends once, so its lock is never waited for on the data path.
class EndedToxics {
 public:
  /// `wake` is called after each add(), on its thread. Before there are any toxics.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  /// Any thread.
  void add(EndedToxic ended);

  /// Those that came since the last call, in their order. Any thread.
  std::vector<EndedToxic> take();

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<EndedToxic> ended_;  // Guarded by mutex_.
};

}  // namespace faultline
