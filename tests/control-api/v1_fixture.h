#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/control-api/api_fixture.h"

namespace faultline::test {

/// /v1 on a registry of its own.
struct V1Fixture : ApiFixture {
  explicit V1Fixture(V1Settings settings = {}) : ApiFixture(options_with(settings)) {}

  static ControlApi::Options options_with(const V1Settings& settings) {
    ControlApi::Options options;
    options.v1 = settings;
    return options;
  }

  /// The JSON that a call answers with; REQUIRES its status.
  nlohmann::json json(int status, const std::string& method, const std::string& target,
                      const std::string& body = "", const HttpHeaders& headers = {}) {
    const HttpResponse response = call(method, target, body, headers);
    INFO(method << " " << target << " " << body << " -> " << response.body);
    REQUIRE(response.status == status);
    return nlohmann::json::parse(response.body);
  }

  /// Checks the refusal of a call.
  void refused(int status, const std::string& code, const std::string& pointer,
               const std::string& detail, const std::string& method, const std::string& target,
               const std::string& body = "") {
    const HttpResponse response = call(method, target, body);
    INFO(method << " " << target << " " << body << " -> " << response.body);
    CHECK(response.status == status);
    CHECK(header(response, "Content-Type") == "application/problem+json");
    const auto problem = nlohmann::json::parse(response.body);
    CHECK(problem["status"] == status);
    CHECK(problem["code"] == code);
    CHECK(problem["type"] == "/v1/#problem-" + code);
    CHECK(problem.value("pointer", "") == pointer);
    const std::string said = problem["detail"];
    CHECK(said.find(detail) != std::string::npos);
  }
};

/// The fixture with a proxy `redis` that is disabled.
struct V1WithProxy : V1Fixture {
  explicit V1WithProxy(V1Settings settings = {}) : V1Fixture(settings) {
    json(201, "POST", "/v1/proxies",
         R"({"name":"redis","listen":"127.0.0.1:1","upstream":"up:9","enabled":false})");
  }
};

}  // namespace faultline::test
