#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/spec.h"

namespace faultline {

/// A toxic and the proxy it is for, as one word of a command line says it.
struct ToxicOption {
  std::string proxy;
  ToxicSpec toxic;
};

/// Takes apart PROXY:TYPE[=VALUE][,NAME=VALUE...], for example
/// "redis:latency=200ms,jitter=20ms,toxicity=0.3". VALUE is that of the type's
/// first attribute; NAME another attribute, or `name`, `stream`, `toxicity` or a
/// condition such as `client` or `pulse`, written as `toxic add` takes them.
/// Errors: kInvalid, saying what fits.
Result<ToxicOption> parse_toxic_option(const std::string& text);

}  // namespace faultline
