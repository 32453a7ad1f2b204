#include "cli/v1_remote.h"

#include <optional>

#include "control-api/json_reader.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 404:
      return ErrorKind::kNotFound;
    case 409:
    case 412:
      return ErrorKind::kConflict;
    case 423:
      return ErrorKind::kHalted;
    default:
      return ErrorKind::kInvalid;
  }
}

Fail refusal_of(const ApiResponse& response) {
  const Json problem = Json::parse(response.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("detail") || !problem["detail"].is_string()) {
    return fail(ErrorKind::kNetwork,
                "what answers there has no /v1: Faultline since 0.1.0 has, Toxiproxy has not");
  }
  const bool has_pointer = problem.contains("pointer") && problem["pointer"].is_string();
  return Fail(Error{kind_of_status(response.status), problem["detail"].get<std::string>(),
                    has_pointer ? problem["pointer"].get<std::string>() : ""});
}

/// A JSON object; nothing if `text` is none, or is nested deeper than ours are.
std::optional<Json> object_in(std::string_view text) {
  if (!parse_json(text)) return std::nullopt;  // It has a limit, the other reader has none.
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

Error unreachable(const ApiUrl& url, const Error& error) {
  return {ErrorKind::kNetwork,
          "cannot reach Faultline at " + url.text + ": " + error.message +
              "; `faultline serve` starts one, --host names another",
          {}};
}

}  // namespace

Result<ApiResponse> V1Remote::request(const std::string& method, const std::string& path,
                                      const Json& body) const {
  const std::string text =
      body.is_null() ? "" : body.dump(-1, ' ', false, Json::error_handler_t::replace);
  auto response = client_.request(method, path, text);
  if (response) return response;
  return Fail(unreachable(client_.url(), response.error()));
}

Result<Json> V1Remote::call(const std::string& method, const std::string& path,
                            const Json& body) const {
  const auto response = request(method, path, body);
  if (!response) return Fail(response.error());
  if (response->status < 200 || response->status >= 300) return refusal_of(*response);
  if (response->body.empty()) return Json(nullptr);
  auto json = object_in(response->body);
  if (!json) return fail(ErrorKind::kNetwork, "what answers there is no Faultline");
  return *std::move(json);
}

Error V1Remote::follow(const std::string& path,
                       const std::function<void(const Json&)>& on_event) const {
  const auto response = client_.stream(path, [&](std::string_view line) {
    constexpr std::string_view kData = "data: ";  // Ids and types are in the data, too.
    if (!line.starts_with(kData)) return;
    if (const auto event = object_in(line.substr(kData.size()))) on_event(*event);
  });
  if (!response) return unreachable(client_.url(), response.error());
  if (response->status != 200) return refusal_of(*response).value();
  return {ErrorKind::kNetwork, "Faultline at " + client_.url().text + " has ended the stream", {}};
}

Result<Json> V1Remote::lingering() const {
  const auto response = request("GET", "/v1/clean", nullptr);
  if (!response) return Fail(response.error());
  const Json problem = Json::parse(response->body, nullptr, false);
  const bool is_clean =
      problem.is_object() && problem.contains("clean") && problem["clean"] == true;
  if (response->status == 200 && is_clean) return Json::array();
  const bool has_list = problem.is_object() && problem.contains("lingering") &&
                        problem["lingering"].is_array() && !problem["lingering"].empty();
  if (!has_list) return refusal_of(*response);
  return problem["lingering"];
}

}  // namespace faultline
