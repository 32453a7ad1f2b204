#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control-api/http_message.h"
#include "proxy/spec.h"

namespace faultline {

/// What /v1 shows, with every default filled in and every value with its unit: sent back,
/// it makes what was shown.

nlohmann::ordered_json toxic_view(const ToxicSpec& toxic);
nlohmann::ordered_json proxy_view(const ProxySpec& proxy);

/// The JSON value of an attribute: "100ms", "5%", 12, "proxy".
nlohmann::ordered_json attribute_view(const AttributeType& type, const AttributeValue& value);

/// The same as text.
std::string attribute_json(const AttributeType& type, const AttributeValue& value);

/// `body` as JSON, on one line, with a newline.
HttpResponse v1_json(int status, const nlohmann::ordered_json& body);
/// The same of what is JSON already.
HttpResponse v1_json_text(int status, const std::string& body);

}  // namespace faultline
