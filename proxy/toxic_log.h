#pragma once

#include <string_view>
#include <vector>

#include "proxy/proxy.h"
#include "proxy/spec.h"

namespace faultline {

/// For the record: what was done to a toxic of `proxy`, and what carries it out.
void log_toxic(std::string_view what, const Proxy& proxy, const ToxicSpec& toxic);

/// The same for each toxic that came, went or is another than in `before`.
void log_toxic_changes(const Proxy& proxy, const std::vector<ToxicSpec>& before);

}  // namespace faultline
