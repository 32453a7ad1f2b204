#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/load.h"
#include "bench/pattern.h"
#include "bench/poller.h"

namespace faultline::bench {

/// Connections that may be cut short, silenced or reset at any time, for
/// toxics that do so: each sends a few kilobytes to be echoed, and is thrown
/// away after a tenth of a second. What comes back has to be what was sent, as
/// far as it goes.
class ThrowawayLoad {
 public:
  /// `target` must outlive the load.
  ThrowawayLoad(const Target& target, std::size_t at_once);
  ~ThrowawayLoad();
  ThrowawayLoad(const ThrowawayLoad&) = delete;
  ThrowawayLoad& operator=(const ThrowawayLoad&) = delete;

  /// Its operations are connections. Once only.
  LoadResult run(Duration length);

 private:
  class Slot;

  const Target& target_;
  const std::size_t at_once_;
  const Pattern pattern_;
  Poller poller_;
  std::vector<std::unique_ptr<Slot>> slots_;
  LoadResult result_;
};

}  // namespace faultline::bench
