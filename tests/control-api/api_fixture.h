#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "control-api/control_api.h"
#include "proxy/registry.h"
#include "proxy/workers.h"

namespace faultline::test {

/// The API on a registry of its own; calls it without sockets.
struct ApiFixture {
  explicit ApiFixture(ControlApi::Options options = {})
      : workers({.count = 2}), registry(workers, 1), api(registry, workers, std::move(options)) {}

  /// REQUIRES: no host name has to be looked up for it.
  HttpResponse call(const std::string& method, const std::string& target,
                    const std::string& body = "", const HttpHeaders& headers = {}) {
    auto response =
        api.handle({.method = method, .target = target, .headers = headers, .body = body}, {});
    REQUIRE(response);
    return *std::move(response);
  }

  std::string body_of(const std::string& target) { return call("GET", target).body; }

  Workers workers;
  Registry registry;
  ControlApi api;
};

inline std::string header(const HttpResponse& response, const std::string& name) {
  const std::string* value = find_header(response.headers, name);
  return value == nullptr ? "(none)" : *value;
}

}  // namespace faultline::test
