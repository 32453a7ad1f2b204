#pragma once

#include <optional>
#include <vector>

#include "proxy/names.h"
#include "zones/zone_map.h"

namespace faultline {

/// This machine's addresses, as they are when it is made: it asks the kernel.
class LocalAddresses {
 public:
  LocalAddresses();

  /// One that is in `zone`, with port 0; of 127.0.0.0/8 every address is the machine's (RFC 1122,
  /// section 3.2.1.3). None if it has none of that family.
  std::optional<SocketAddress> in(const ZoneMap& map, ZoneId zone, int family) const;

 private:
  std::vector<SocketAddress> addresses_;  // Of its interfaces.
};

/// Some address of a zone, with port 0, of either family; none if no prefix is its own.
std::optional<SocketAddress> address_in(const ZoneMap& map, ZoneId zone);

}  // namespace faultline
