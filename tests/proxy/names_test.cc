#include "proxy/names.h"

#include "proxy/listening_socket.h"

namespace faultline {
namespace {

std::string parsed(std::string_view text) {
  const Result<HostPort> where = parse_host_port(text);
  if (!where) return "error: " + where.error().message;
  return (where->is_unix ? "unix " : "") + where->host + " " + std::to_string(where->port);
}

TEST_CASE("addresses are split as Toxiproxy splits them, with its words", "[names]") {
  CHECK(parsed("127.0.0.1:80") == "127.0.0.1 80");
  CHECK(parsed("redis.internal:6379") == "redis.internal 6379");
  CHECK(parsed(":80") == " 80");
  CHECK(parsed("") == " 0");
  CHECK(parsed("[::1]:80") == "::1 80");
  CHECK(parsed("localhost:http-alt") == "localhost 8080");
  CHECK(parsed("unix:/run/a.sock") == "unix /run/a.sock 0");
  CHECK(parsed("foo") == "error: address foo: missing port in address");
  CHECK(parsed("::1") == "error: address ::1: too many colons in address");
  CHECK(parsed("[::1") == "error: address [::1: missing ']' in address");
  CHECK(parsed("a:99999") == "error: address 99999: invalid port");
  CHECK(parsed("a:foo") == "error: address tcp/foo: unknown port");
  CHECK(parsed("a:-1") == "error: address tcp/-1: unknown port");
  CHECK(parsed("unix:") == "error: address unix:: missing path");
  CHECK(parsed("unix:/" + std::string(200, 'x')).find("path too long") != std::string::npos);
}

std::string normal(std::string_view text, const Names& names = {}) {
  return normal_address(text, names).value_or("error");
}

TEST_CASE("every spelling of an address is the same address", "[names][F6]") {
  CHECK(normal("localhost:80") == "127.0.0.1:80");
  CHECK(normal("127.0.0.1:80") == "127.0.0.1:80");
  CHECK(normal(":80") == "[::]:80");
  CHECK(normal("0.0.0.0:80") == "[::]:80");
  CHECK(normal("[::]:80") == "[::]:80");
  CHECK(normal("[0:0::1]:80") == "[::1]:80");
  CHECK(normal("unix:/a") == "unix:/a");
}

TEST_CASE("a host name is asked for, then taken from the answer", "[names]") {
  const Result<std::string> asked = normal_address("db.example:80", {});
  REQUIRE_FALSE(asked);
  CHECK(asked.error().kind == ErrorKind::kNeedsLookup);
  CHECK(asked.error().message == "db.example");

  const HostPort where{"10.1.2.3", 0, false};
  CHECK(normal("db.example:80", {{"db.example", addresses_of(where, {})}}) == "10.1.2.3:80");
  const Names failed = {{"db.example", fail(ErrorKind::kNetwork, "no such host")}};
  CHECK(normal_address("db.example:80", failed).error().kind == ErrorKind::kNetwork);
}

TEST_CASE("looking up this machine's loopback name works, nonsense fails", "[names]") {
  const Result<std::vector<SocketAddress>> local = look_up_blocking("localhost");
  REQUIRE(local);
  CHECK(to_string(local->front()) == "127.0.0.1:0");
  CHECK_FALSE(look_up_blocking("no such host"));
}

}  // namespace
}  // namespace faultline
