#include "control-api/access_rules.h"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

AccessRules rules(std::vector<std::string> hosts = {}, std::vector<std::string> origins = {}) {
  return AccessRules({.bound_host = "proxy.corp.example",
                      .machine_name = "build7.example",
                      .allowed_hosts = std::move(hosts),
                      .allowed_origins = std::move(origins)});
}

bool allows(const AccessRules& rules, const std::string& host) {
  return !rules.refusal(&host, nullptr);
}

TEST_CASE("B13: names that a web page could have made up are refused", "[access_rules]") {
  for (const std::string host :
       {"attacker.example", "attacker.example:8474", "localhost.attacker.example",
        "127.0.0.1.attacker.example", "build7.example.attacker.example", "xlocalhost.com",
        "attacker.example.", "[attacker.example]", "[", "[]", "."}) {
    INFO(host);
    CHECK_FALSE(allows(rules(), host));
  }
}

TEST_CASE("names of this machine and its network are not foreign", "[access_rules]") {
  for (const std::string host :
       {"localhost", "LOCALHOST:8474", "api.localhost:1", "127.0.0.1", "127.0.0.1:8474", "10.1.2.3",
        "[::1]", "[::1]:8474", "[fe80::1%25eth0]:1", "toxiproxy", "toxiproxy:8474",
        "proxy.corp.example:8474", "Build7.Example", "localhost.:8474", ""}) {
    INFO(host);
    CHECK(allows(rules(), host));
  }
  CHECK_FALSE(rules().refusal(nullptr, nullptr));
}

TEST_CASE("further hosts can be allowed", "[access_rules]") {
  CHECK(allows(rules({"faults.corp.example"}), "Faults.corp.example:80"));
  CHECK_FALSE(allows(rules({"faults.corp.example"}), "x.faults.corp.example"));
  CHECK(allows(rules({"*"}), "attacker.example"));
  const std::string host = "attacker.example:8474";
  CHECK(rules().refusal(&host, nullptr)->find("control.allowed_hosts") != std::string::npos);
}

TEST_CASE("requests of web pages are refused unless their origin is allowed", "[access_rules]") {
  const std::string host = "localhost";
  for (const std::string origin :
       {"http://attacker.example", "null", "http://localhost:8474", ""}) {
    INFO(origin);
    CHECK(rules().refusal(&host, &origin));
    CHECK_FALSE(rules({}, {"*"}).refusal(&host, &origin));
  }
  const std::string dashboard = "https://dash.example";
  CHECK_FALSE(rules({}, {"https://dash.example"}).refusal(&host, &dashboard));
  CHECK(rules({}, {"https://other.example"}).refusal(&host, &dashboard));
  // An allowed page does not make a foreign host less foreign.
  const std::string foreign = "attacker.example";
  CHECK(rules({}, {"*"}).refusal(&foreign, &dashboard));
}

}  // namespace
}  // namespace faultline
