#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace faultline {

/// What a toxic does, to whom and until when, of the description that /v1 gives of it:
/// "latency 200ms, jitter 20ms, answers, 30% of the connections, until 14:05:12 (5m)". Attributes
/// at their default go without saying. One that was only tried has no end yet: "for 5m".
std::string toxic_sentence(const nlohmann::ordered_json& toxic);

}  // namespace faultline
