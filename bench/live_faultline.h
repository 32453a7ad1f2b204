#pragma once

#include <cstdint>
#include <string>

#include "bench/contender.h"
#include "cli/api_client.h"

namespace faultline::bench {

/// A running Faultline and its control API, used as any client would.
class LiveFaultline {
 public:
  /// `proxy` is a started "faultline", and outlives this. Errors: kNetwork, its
  /// log does not say where the API is.
  static Result<LiveFaultline> find(const LaunchedProxy& proxy);

  /// How long the call took, from before the connection to after the answer. Errors:
  /// kNetwork; kInvalid, any answer but success.
  Result<Duration> add_toxic(const std::string& type, const std::string& attribute,
                             std::int64_t value) const;

  /// Removes the toxic of that type.
  Result<Duration> remove_toxic(const std::string& type) const;

 private:
  explicit LiveFaultline(ApiClient api) : api_(std::move(api)) {}

  Result<Duration> call(const char* method, const std::string& path, const std::string& body) const;

  ApiClient api_;
};

}  // namespace faultline::bench
