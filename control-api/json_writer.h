#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/spec.h"

namespace faultline {

/// JSON text as Toxiproxy writes it: compact, keys in a fixed order.

/// `text` in quotes; `<`, `>`, `&`, U+2028 and U+2029 are escaped, what is not
/// UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);
/// null if there is none.
std::string json_string_or_null(std::string_view text);

/// The shortest digits that are read back as `number`; with an exponent below
/// 1e-6 and from 1e21. REQUIRES: finite.
std::string json_number(float number);

/// To the microsecond: "0.214".
std::string milliseconds_text(Duration duration);

std::string to_json(const ToxicSpec& toxic);
std::string to_json(const ProxySpec& proxy);

/// {"redis":{...},"web":{...}}
std::string proxies_by_name_json(const std::vector<const ProxySpec*>& proxies);

/// [{...},{...}]
std::string proxy_list_json(const std::vector<const ProxySpec*>& proxies);

/// The toxics of `proxy`: those of its upstream direction, then those of its downstream.
std::string toxic_list_json(const ProxySpec& proxy);

/// {"error":"proxy not found","status":404}
std::string error_json(std::string_view message, int status);

}  // namespace faultline
