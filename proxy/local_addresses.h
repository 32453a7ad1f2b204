#pragma once

#include <optional>

#include "proxy/names.h"
#include "zones/zone_map.h"

namespace faultline {

/// An address of this machine that is in `zone`, with port 0; of 127.0.0.0/8 every address is the
/// machine's (RFC 1122, section 3.2.1.3). None if it has none of that family. Asks the kernel.
std::optional<SocketAddress> local_address_in(const ZoneMap& map, ZoneId zone, int family);

/// Some address of a zone, with port 0, of either family; none if no prefix is its own.
std::optional<SocketAddress> address_in(const ZoneMap& map, ZoneId zone);

}  // namespace faultline
