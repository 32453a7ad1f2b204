#include "proxy/socks5.h"

#include <cerrno>

#include "tests/proxy/greeting_driver.h"

namespace faultline {
namespace {

using namespace std::literals;
using test::hear;
using test::Heard;

const std::string kPlain = "\5\1\0"s;
const std::string kIpv4 = "\5\1\0\1\x7F\0\0\1\0\x50"s;
const std::string kFailure = "\0\1\0\0\0\0\0\0"s;  // Behind the version and the code.

/// Without an address.
std::string failure(char code) {
  std::string text = "\5";
  text += code;
  text += kFailure;
  return text;
}

std::string name_request(const std::string& host) {
  return "\5\1\0\3"s + static_cast<char>(host.size()) + host + "\x18\xEB";
}

TEST_CASE("a client says where it wants to go by SOCKS 5", "[socks5]") {
  const Heard four = hear<Socks5>(kPlain + kIpv4 + "GET /");
  REQUIRE(four.is_done());
  CHECK(four.replies == "\5\0"s);  // The rest is said once it was dialled.
  CHECK(four.introduction.destination == "127.0.0.1:80");
  CHECK(four.introduction.client_name.empty());
  CHECK(four.rest == "GET /");
  const Heard six = hear<Socks5>(kPlain + "\5\1\0\4"s + std::string(15, '\0') + "\1\0\x50"s);
  CHECK(six.introduction.destination == "[::1]:80");
  CHECK(hear<Socks5>(kPlain + name_request("redis.cache.internal")).introduction.destination ==
        "redis.cache.internal:6379");
  CHECK(hear<Socks5>(kPlain + name_request("::1")).introduction.destination == "[::1]:6379");
  CHECK(hear<Socks5>(kPlain + name_request(std::string(255, 'a'))).is_done());
}

TEST_CASE("a user name is asked for where it is offered, and any password will do", "[socks5]") {
  const Heard heard = hear<Socks5>("\5\2\0\2\1\5alice\6secret"s + kIpv4);
  REQUIRE(heard.is_done());
  CHECK(heard.replies == "\5\2\1\0"s);
  CHECK(heard.introduction.client_name == "alice");
  CHECK(hear<Socks5>("\5\1\2\1\0\0"s + kIpv4).is_done());
  const std::string longest(255, 'u');
  const Heard all = hear<Socks5>("\5\1\2\1\xFF" + longest + "\xFF" + longest + kIpv4);
  CHECK(all.introduction.client_name == longest);
  CHECK(hear<Socks5>("\5\1\2\2\1a\1b"s).is_refused());
}

TEST_CASE("what SOCKS 5 has and we have not is refused in its own words", "[socks5]") {
  CHECK(hear<Socks5>("\4\1\0\x50\x7F\0\0\1\0"s).replies.empty());
  CHECK(hear<Socks5>("GET / HTTP/1.1\r\n").reason == "it does not speak SOCKS 5");
  CHECK(hear<Socks5>("\5\1\1"s).replies == "\5\xFF");  // GSSAPI.
  CHECK(hear<Socks5>("\5\0"s).replies == "\5\xFF");
  const auto refusal_of = [](const std::string& request) {
    std::string bytes = kPlain;
    bytes += request;
    const Heard heard = hear<Socks5>(bytes);
    CHECK(heard.is_refused());
    return heard.replies.substr(2);
  };
  CHECK(refusal_of("\5\2\0\1\x7F\0\0\1\0\x50"s) == failure(7));  // BIND.
  CHECK(refusal_of("\5\3\0\1\x7F\0\0\1\0\x50"s) == failure(7));  // UDP.
  CHECK(refusal_of("\5\1\0\2"s) == failure(8));
  CHECK(refusal_of("\5\1\0\1\x7F\0\0\1\0\0"s) == failure(1));  // Port 0.
  CHECK(refusal_of("\4\1\0\1"s).empty());
  // Nothing that a dial would take for something else than a host.
  for (const char* host : {"", "unix:/run/a.sock", "a b", "a:1", "[::1]", "a/b", "\xFF"}) {
    INFO(host);
    CHECK(refusal_of(name_request(host)) == failure(1));
  }
  CHECK(refusal_of(name_request({'a', '\0', 'b'})) == failure(1));
}

TEST_CASE("a client of SOCKS 5 is told how the dial has ended", "[socks5]") {
  const Socks5 socks;
  const auto address = [](const std::string& text) {
    return addresses_of(*parse_host_port(text), {})->front();
  };
  CHECK(socks.answer({.local = address("10.1.2.3:80")}) == "\5\0\0\1\x0A\1\2\3\0\x50"s);
  CHECK(socks.answer({.local = address("[::1]:80")}) ==
        "\5\0\0\4"s + std::string(15, '\0') + "\1\0\x50"s);
  CHECK(socks.answer({.local = address("unix:/a")}) == failure(0));
  for (const auto& [error, code] :
       {std::pair(ECONNREFUSED, '\5'), std::pair(ENETUNREACH, '\3'), std::pair(EHOSTUNREACH, '\4'),
        std::pair(ETIMEDOUT, '\4'), std::pair(EACCES, '\2'), std::pair(EMFILE, '\1')}) {
    CHECK(socks.answer({.error = error}) == failure(code));
  }
}

TEST_CASE("SOCKS 5 may come in any pieces, and be any rubbish", "[socks5]") {
  test::check_truncations<Socks5>(kPlain + kIpv4);
  test::check_truncations<Socks5>("\5\2\0\2\1\5alice\6secret"s + name_request("db1"));
  test::check_garbage<Socks5>(kPlain + kIpv4);
  test::check_garbage<Socks5>("\5\2\0\2\1\5alice\6secret"s + name_request("db1"));
}

}  // namespace
}  // namespace faultline
