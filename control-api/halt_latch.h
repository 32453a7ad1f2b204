#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace faultline {

/// Somebody has ended all faults, and none may begin until he or another lifts that. Kept in
/// a file, so that a restart does not lift it.
class HaltLatch {
 public:
  struct Halt {
    std::string since;   ///< RFC 3339.
    std::string owner;   ///< May be empty.
    std::string reason;  ///< May be empty.
  };

  /// Kept in memory alone.
  HaltLatch() = default;
  /// Reads `path`; it need not exist, and exists only while there is a halt. One that cannot
  /// be read is a halt, too: nobody knows that there was none.
  explicit HaltLatch(std::string path);

  /// Null while there is none.
  const Halt* halt() const { return halt_ ? &*halt_ : nullptr; }
  /// Whether a halt is on disk, or would be.
  bool survives_restart() const { return !path_.empty() && (!halt_ || is_on_disk_); }
  const std::string& path() const { return path_; }

  /// On disk when it returns. Errors: kNetwork, it cannot be written; it holds all the same,
  /// until the process ends.
  Result<void> set(Halt halt);

  /// Errors: kNetwork, the file cannot be removed; then it still holds.
  Result<void> lift();

 private:
  std::string path_;  // "" for none.
  std::optional<Halt> halt_;
  bool is_on_disk_ = false;
};

}  // namespace faultline
