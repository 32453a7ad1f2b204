#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/names.h"
#include "proxy/registry.h"
#include "proxy/spec.h"
#include "proxy/wall_time.h"

namespace faultline {

/// The proxies and toxics of a server, so that its next run can have them again.
struct KeptState {
  std::vector<ProxySpec> proxies;
  /// "redis/slow: ..." for each toxic that cannot be had again, with the reason.
  std::vector<std::string> left_out;
};

/// What there is at `now`, as JSON. A toxic with a lease is left out: leases end with their
/// server.
std::string kept_state_json(const Registry& registry, WallTime now);

/// Reads it at `now`: toxics have what is left of their time, and those whose time is up are
/// gone. A clock that was set back gives no time. Errors: kInvalid, it is no such text.
Result<KeptState> read_kept_state(const std::string& text, WallTime now);

/// Adds to `registry` what it does not have: proxies and toxics, by their names, and that a
/// proxy was disabled. Toxics only where none are halted. Errors: as of the registry, of which
/// kNeedsLookup asks for another call; what was added until then stays.
Result<void> restore(const KeptState& state, Registry& registry, const Names& names);

}  // namespace faultline
