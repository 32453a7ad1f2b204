#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/spec.h"
#include "proxy/wall_time.h"

namespace faultline {

/// The zones, proxies, toxics and partitions of a server, so that its next run can have them again.
struct KeptState {
  struct Kept {
    ProxySpec proxy;
    bool is_configured = false;  ///< The configuration made it, and says whether it is there.
  };
  std::vector<ZoneSpec> zones;
  std::vector<Kept> proxies;
  std::vector<PartitionSpec> partitions;
  /// "redis/slow: ..." for each proxy or toxic that cannot be read, with the reason.
  std::vector<std::string> left_out;
};

/// What there is at `now` beside `configured`, as JSON: of a proxy of the configuration, the
/// toxics that it does not have there, and that it is disabled, if it is not so there. A toxic
/// or partition with a lease is left out: leases end with their server.
std::string kept_state_json(const Registry& registry, const Configured& configured, WallTime now);

/// Reads it at `now`: toxics have what is left of their time, and those whose time is up are
/// gone. A clock that was set back gives no time. Errors: kInvalid, it is no such text.
Result<KeptState> read_kept_state(const std::string& text, WallTime now);

/// Adds to `registry` what it does not have: zones, proxies, toxics and partitions, by their
/// names, and that a proxy was disabled. Toxics and partitions only where they are not halted. What
/// cannot be had is left out, and returned as "redis/slow: ...". Errors: kNeedsLookup asks for
/// another call; what was added until then stays.
Result<std::vector<std::string>> restore(const KeptState& state, Registry& registry,
                                         const Names& names);

}  // namespace faultline
