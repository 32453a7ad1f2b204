#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/fields.h"
#include "proxy/protocols.h"

namespace faultline {

/// The keys of a proxy that say what is said before its bytes: protocol,
/// accept_proxy_protocol and send_proxy_protocol.
const std::vector<std::string>& protocol_keys();

/// What they say: {protocol: socks5, accept_proxy_protocol: true,
/// send_proxy_protocol: v2}; `none` sends none. Toxiproxy's clients cannot say
/// it. Errors: kInvalid.
Result<Protocols> decode_protocols(const Fields& proxy, Dialect dialect);

}  // namespace faultline
