#include "control-api/v1_query.h"

#include <algorithm>

#include "base/nearest_name.h"
#include "control-api/url_path.h"

namespace faultline {

namespace {

Result<std::string> decoded_parameter(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  const auto decoded = percent_decoded(text);
  if (!decoded) return fail(ErrorKind::kMalformed, "the query has a broken escape: `" + text + "`");
  return *decoded;
}

}  // namespace

Result<std::map<std::string, std::string>> parse_v1_query(std::string_view query,
                                                          const std::vector<std::string>& known) {
  std::map<std::string, std::string> parameters;
  if (query.starts_with('?')) query.remove_prefix(1);
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    const auto name = decoded_parameter(std::string(part.substr(0, equals)));
    if (!name) return Fail(name.error());
    const bool has_value = equals != std::string_view::npos;
    auto value = decoded_parameter(has_value ? std::string(part.substr(equals + 1)) : "");
    if (!value) return Fail(value.error());
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      return fail(ErrorKind::kMalformed,
                  "this operation has no parameter `" + *name + "`" + did_you_mean(*name, known));
    }
    if (!parameters.emplace(*name, *std::move(value)).second) {
      return fail(ErrorKind::kMalformed, "parameter `" + *name + "` is given twice");
    }
  }
  return parameters;
}

}  // namespace faultline
