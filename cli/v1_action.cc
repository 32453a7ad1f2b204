#include "cli/v1_action.h"

#include <utility>

#include "cli/client_errors.h"
#include "control-api/url_path.h"

namespace faultline {

using Json = nlohmann::ordered_json;

int with_v1(const Invocation& invocation, const std::function<int(const V1Remote&)>& action) {
  auto url = parse_api_url(invocation.url);
  if (!url) return usage_error(invocation, "--host: " + url.error().message);
  try {
    return action(V1Remote(*std::move(url)));
  } catch (const Json::exception&) {
    return report_v1(invocation, {ErrorKind::kNetwork, "what answers there is no Faultline", {}});
  }
}

int report_v1(const Invocation& invocation, const Error& error, const std::string& what) {
  std::string line = what.empty() ? "" : what + ": ";
  if (!error.pointer.empty()) line += error.pointer + ": ";
  invocation.console.err << printable(line + error.message) << '\n';
  return exit_code_of(error);
}

void print_indented(const Invocation& invocation, const Json& json) {
  invocation.console.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "";
  return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

std::uint64_t count_at(const Json& object, const char* key) {
  return object.value(key, std::uint64_t{0});
}

Json list_at(const Json& object, const char* key) {
  return object.value(key, Json::array());
}

std::string v1_proxy_path(const std::string& proxy) {
  return "/v1/proxies/" + path_segment(proxy);
}

std::string v1_toxic_path(const std::string& proxy, const std::string& toxic) {
  return v1_proxy_path(proxy) + "/toxics/" + path_segment(toxic);
}

std::string tried(const std::string& path, bool dry_run) {
  return dry_run ? path + "?dry_run=true" : path;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += (query.empty() ? "?" : "&") + name + "=" + percent_encoded(value);
  }
  return query;
}

}  // namespace faultline
