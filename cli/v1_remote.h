#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/api_client.h"

namespace faultline {

/// The calls of Faultline's own API that the commands make.
///
/// Errors: kNetwork, no Faultline answers there; kHalted; else kInvalid, kNotFound or
/// kConflict, with what the server says is wrong, and where in the body.
class V1Remote {
 public:
  static constexpr std::chrono::seconds kPatience{30};

  explicit V1Remote(ApiUrl url, std::chrono::seconds patience = kPatience, int interrupt = -1)
      : client_(std::move(url), patience, interrupt) {}

  /// The same server, with the usual patience: each call fails, with kNetwork, once `interrupt`
  /// can be read.
  V1Remote interrupted_by(int interrupt) const {
    return V1Remote(client_.url(), kPatience, interrupt);
  }
  /// The same server, with so much patience for each call, which nothing interrupts.
  V1Remote within(std::chrono::seconds patience) const { return V1Remote(client_.url(), patience); }

  /// The JSON of a 2xx answer; null where it has no body. `path` begins with "/v1/".
  Result<nlohmann::ordered_json> call(const std::string& method, const std::string& path,
                                      const nlohmann::ordered_json& body = nullptr) const;

  /// GET of the event stream at `path`: `on_event` is given each as it comes. Returns only with
  /// an error: also when the server ends the stream.
  Error follow(const std::string& path,
               const std::function<void(const nlohmann::ordered_json&)>& on_event) const;

  /// GET /v1/clean: the list of what is left, empty if there is nothing.
  Result<nlohmann::ordered_json> lingering() const;

 private:
  Result<ApiResponse> request(const std::string& method, const std::string& path,
                              const nlohmann::ordered_json& body) const;

  ApiClient client_;
};

}  // namespace faultline
