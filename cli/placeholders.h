#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/spec.h"

namespace faultline {

/// What may stand in braces in a text for a child process, and what for:
/// {redis} for the address that clients of the proxy `redis` dial, {redis.host}
/// and {redis.port} for its parts, {api} for the control API's URL.
using Placeholders = std::map<std::string, std::string>;

/// Those of `proxies`, which listen. A wildcard is dialled by loopback; a unix
/// socket has no host and port. A proxy may be named like a part of another
/// (`redis.port`), and then goes first. Errors: kInvalid, one is named `api`.
Result<Placeholders> placeholders_of(const std::vector<const ProxySpec*>& proxies,
                                     const std::string& api_url);

/// `text` with its placeholders replaced. "{{" is a brace; a closing one alone
/// is just that. Errors: kInvalid, naming those that there are.
Result<std::string> filled_in(const std::string& text, const Placeholders& placeholders);

}  // namespace faultline
