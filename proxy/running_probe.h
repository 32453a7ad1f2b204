#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "proxy/change.h"
#include "proxy/client_probe.h"

namespace faultline {

/// A probe that is under way for a partition.
struct RunningProbe {
  std::string partition;       ///< Its name.
  std::size_t pair = 0;        ///< The probe's place in LivePartition::probes.
  ZonePair zones{};            ///< That it is to be between.
  std::string proxy;           ///< The name of the one that it dials,
  std::uint64_t proxy_id = 0;  ///< and which of that name it is.
  std::unique_ptr<ClientProbe> probe;
  TimePoint began{};
  TimePoint next{};                ///< When to look at it.
  Cause cause{};                   ///< Who wants to know.
  std::uint64_t lost_packets = 0;  ///< Of these its proxy was told.
};

}  // namespace faultline
