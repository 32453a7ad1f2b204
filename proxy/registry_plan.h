#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proxy/listening_socket.h"
#include "proxy/registry.h"

namespace faultline {

/// Several proxies created, replaced and removed as one, with zones and partitions: all is
/// checked as it will be, and every address bound, before the first proxy is touched. A proxy
/// that is given up leaves its listening socket to the one that comes to its address, so that
/// address is served without a gap.
class Registry::Plan {
 public:
  Plan(Registry& registry, const Names& names) : registry_(registry), names_(names) {}

  /// A proxy to be there in the end, in place of one with its name. The last
  /// of several with one name counts.
  void put(ProxySpec spec);
  void remove(const std::string& name);
  /// Of a proxy that stays.
  void set_toxics(const ProxySpec& proxy, std::vector<ToxicSpec> toxics);
  void put_partition(PartitionSpec partition);
  /// It heals before the zones change that it is between.
  void remove_partition(const std::string& name) { healing_.insert(name); }
  /// The zones are to be those.
  void set_zones(ZoneMap zones) { zones_ = std::make_shared<const ZoneMap>(std::move(zones)); }

  /// Does all of it, or fails and has done nothing.
  Result<void> carry_out();

 private:
  struct Arrival {
    ProxySpec spec;
    ListeningSocket socket;  // Or none: it is disabled, or inherits...
    std::string inherits;    // ...the socket of a proxy that leaves, by its address.
  };

  Result<void> check() const;
  Result<void> check_proxies(const Division& division) const;
  Result<Division> division() const;
  Result<void> find_sockets();
  void drop_toxics();

  Registry& registry_;
  const Names& names_;
  std::shared_ptr<const ZoneMap> zones_;  // Null: they stay.
  std::set<std::string> healing_;         // These and the rest by name.
  std::map<std::string, PartitionSpec> partitions_;
  std::map<std::string, ProxySpec> changed_;  // With the toxics that they will have.
  std::map<std::string, Arrival> arrivals_;
  std::map<std::string, Proxy*, std::less<>> leaving_;
};

}  // namespace faultline
