#include "cli/placeholders.h"

#include <catch2/catch.hpp>

namespace faultline {

namespace {

Result<Placeholders> of(const std::string& name, const std::string& listen) {
  ProxySpec proxy;
  proxy.name = name;
  proxy.listen = listen;
  return placeholders_of({&proxy}, "http://127.0.0.1:1");
}

}  // namespace

TEST_CASE("a proxy has its address, host and port as clients dial them", "[placeholders]") {
  const auto dialled = [](const std::string& listen) {
    const auto all = of("a", listen);
    REQUIRE(all);
    return all->at("a") + " " + all->at("a.host") + " " + all->at("a.port");
  };
  CHECK(dialled("127.0.0.2:80") == "127.0.0.2:80 127.0.0.2 80");
  CHECK(dialled("[::]:80") == "127.0.0.1:80 127.0.0.1 80");
  CHECK(dialled("0.0.0.0:80") == "127.0.0.1:80 127.0.0.1 80");
  CHECK(dialled("[::1]:80") == "[::1]:80 ::1 80");
  const auto unix_socket = of("a", "unix:/run/a.sock");
  REQUIRE(unix_socket);
  CHECK(*unix_socket == Placeholders{{"a", "unix:/run/a.sock"}, {"api", "http://127.0.0.1:1"}});
  CHECK_FALSE(of("api", "127.0.0.1:80"));
}

TEST_CASE("a proxy that is named like a part of another goes first", "[placeholders]") {
  ProxySpec short_name;
  short_name.name = "a";
  short_name.listen = "127.0.0.1:1";
  ProxySpec long_name;
  long_name.name = "a.port";
  long_name.listen = "127.0.0.1:2";
  CHECK(placeholders_of({&short_name, &long_name}, "")->at("a.port") == "127.0.0.1:2");
  CHECK(placeholders_of({&long_name, &short_name}, "")->at("a.port") == "127.0.0.1:2");
}

TEST_CASE("a text is filled in, and braces may be written", "[placeholders]") {
  const Placeholders known = {{"a", "host:1"}, {"api", "http://x"}};
  CHECK(filled_in("", known) == "");
  CHECK(filled_in("redis://{a}/{a}", known) == "redis://host:1/host:1");
  CHECK(filled_in("{{a}", known) == "{a}");
  CHECK(filled_in("{{{a}}", known) == "{host:1}");
  CHECK(filled_in("} }}", known) == "} }}");
  CHECK(filled_in("{b}", known).error().message ==
        "nothing is named {b}; there are {a}, {api}, and {{ is a brace");
  CHECK(filled_in("{apy}", known).error().message ==
        "nothing is named {apy}; did you mean {api}? there are {a}, {api}, and {{ is a brace");
  CHECK(filled_in("x{a", known).error().message == "`{a`: } is missing; {{ is a brace");
  CHECK(filled_in("{", known).error().message == "`{`: } is missing; {{ is a brace");
}

}  // namespace faultline
