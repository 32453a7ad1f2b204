#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/listening_socket.h"
#include "proxy/registry.h"

namespace faultline {

/// Several proxies created, replaced and removed as one: every address is
/// bound before the first proxy is touched. A proxy that is given up leaves
/// its listening socket to the one that comes to its address, so that address
/// is served without a gap.
class Registry::Plan {
 public:
  Plan(Registry& registry, const Names& names) : registry_(registry), names_(names) {}

  /// A proxy to be there in the end, in place of one with its name. The last
  /// of several with one name counts.
  void put(ProxySpec spec);
  void remove(const std::string& name);
  /// Before the zones change that it is between.
  void remove_partition(const std::string& name) { healing_.push_back(name); }
  /// The zones are to be those.
  void set_zones(ZoneMap zones) { zones_ = std::move(zones); }

  /// Those that there will be.
  const ZoneMap& zones() const { return zones_ ? *zones_ : registry_.partitions_.zones(); }

  /// Does all of it, or fails and has done nothing.
  Result<void> carry_out();

 private:
  struct Arrival {
    ProxySpec spec;
    ListeningSocket socket;  // Or none: it is disabled, or inherits...
    std::string inherits;    // ...the socket of a proxy that leaves, by its address.
  };

  Result<void> check_zones_of_all() const;
  Result<void> find_sockets();

  Registry& registry_;
  const Names& names_;
  std::optional<ZoneMap> zones_;  // None: they stay.
  std::vector<std::string> healing_;
  std::map<std::string, Arrival> arrivals_;             // By name.
  std::map<std::string, Proxy*, std::less<>> leaving_;  // By name.
};

}  // namespace faultline
