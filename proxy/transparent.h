#pragma once

#include "base/result.h"
#include "proxy/names.h"

namespace faultline {

/// Lets a listening socket take connections to addresses that are not ours, as TPROXY brings
/// them; or no more. Needs CAP_NET_ADMIN; without it what REDIRECT brings is all there is.
void set_transparent(int listener, bool on);

/// Where the client of an accepted socket had connected to, before the kernel
/// brought it to us by REDIRECT or TPROXY. Error (kInvalid): here, to
/// `listener` itself; to dial that would be to dial oneself for ever.
Result<SocketAddress> original_destination(int client, int listener);

}  // namespace faultline
