#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "proxy/partitions.h"
#include "proxy/spec.h"

namespace faultline {

/// Who or what made a change, for the record. Any of it may be empty.
struct Cause {
  std::string by;  ///< "toxiproxy_api", "v1", "config", "reload", "ttl", "lease", "run", ...
  std::string owner{};
  std::string reason{};
  std::string request_id{};
  std::string run{};  ///< The id of the run of a timeline that it is a part of.
};

class Recovery;

/// One thing that has changed in a registry, and is in force.
struct Change {
  enum class Kind {
    kProxyCreated,
    kProxyChanged,
    kProxyRemoved,
    kToxicStarted,
    kToxicChanged,
    kToxicEnded,
    kPartitionStarted,
    kPartitionChanged,
    kPartitionEnded,
    kPartitionProbed,
    kPartitionRecovery,  ///< What has come back since it ended.
    kZonesChanged,
  };

  Kind kind = Kind::kProxyCreated;
  std::string proxy{};
  std::string toxic{};      ///< Empty if it is the proxy's.
  std::uint64_t fault = 0;  ///< Ties a toxic's or partition's start to its end: one for each ever.
  std::optional<ProxySpec> proxy_before{};  ///< Without toxics.
  std::optional<ProxySpec> proxy_after{};
  std::optional<ToxicSpec> toxic_before{};
  std::optional<ToxicSpec> toxic_after{};
  std::optional<LivePartition> partition_before{};
  std::optional<LivePartition> partition_after{};
  std::shared_ptr<const Recovery> recovery{};  ///< Of kPartitionRecovery.
  std::shared_ptr<const ZoneMap> zone_map{};   ///< As it is, of a partition or kZonesChanged.
  /// Open connections that it reached: those that the toxic applied or applies
  /// to; those that were closed, for a proxy.
  std::uint64_t connections = 0;
  /// Of a toxic that has ended: the connections that it has ever done something to. Absent if
  /// it acts on the listening socket, too, where nobody is counted.
  std::optional<std::uint64_t> applied{};
  Duration took{0};  ///< Until it was in force on all of them.
  Cause cause{};
};

/// Is told of each change once it is in force, in order, on the control thread.
class ChangeObserver {
 public:
  /// In the midst of a call to the registry: it must not call the registry.
  virtual void on_change(const Change& change) noexcept = 0;

 protected:
  ~ChangeObserver() = default;
};

}  // namespace faultline
