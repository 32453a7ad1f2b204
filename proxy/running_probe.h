#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "proxy/change.h"
#include "proxy/client_probe.h"

namespace faultline {

/// A probe that is under way for a partition.
struct RunningProbe {
  std::string partition;  ///< Its name.
  std::size_t pair = 0;   ///< The probe's place in LivePartition::probes.
  std::string proxy;      ///< The name of the one that it dials.
  std::unique_ptr<ClientProbe> probe;
  TimePoint began{};
  Cause cause{};                   ///< Who wants to know.
  std::uint64_t lost_packets = 0;  ///< Of these its proxy was told.
};

/// When to look next at what began then, and is awaited: soon at first, and the longer it takes
/// the more seldom. So a time is known to about a tenth.
inline TimePoint next_look(TimePoint began, TimePoint now) {
  constexpr Duration kSoonest = std::chrono::milliseconds(1);
  constexpr Duration kLatest = std::chrono::milliseconds(50);
  return now + std::clamp<Duration>((now - began) / 10, kSoonest, kLatest);
}

}  // namespace faultline
