#include "proxy/http_connect.h"

#include <cerrno>

#include "tests/proxy/greeting_driver.h"

namespace faultline {
namespace {

using test::hear;
using test::Heard;

const std::string kRequest =
    "CONNECT redis.internal:6379 HTTP/1.1\r\nHost: redis.internal:6379\r\n\r\n";

std::string request(const std::string& target, const std::string& headers = "") {
  return "CONNECT " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

std::string refusal_of(const std::string& bytes) {
  const Heard heard = hear<HttpConnect>(bytes);
  INFO(bytes);
  CHECK(heard.is_refused());
  CHECK(heard.introduction.destination.empty());
  return heard.replies.substr(0, heard.replies.find("\r\n"));
}

TEST_CASE("a client says where it wants to go by CONNECT", "[http_connect]") {
  const Heard heard = hear<HttpConnect>(kRequest + "PING\r\n");
  REQUIRE(heard.is_done());
  CHECK(heard.replies.empty());
  CHECK(heard.introduction.destination == "redis.internal:6379");
  CHECK(heard.introduction.client_name.empty());
  CHECK(heard.rest == "PING\r\n");
  CHECK(hear<HttpConnect>(request("[::1]:80")).introduction.destination == "[::1]:80");
  CHECK(hear<HttpConnect>(request("127.0.0.1:1")).introduction.destination == "127.0.0.1:1");
  CHECK(hear<HttpConnect>("CONNECT a:1 HTTP/1.0\r\n\r\n").is_done());
  // The head is all there is: what is said of a body is not for us (RFC 9110, section 9.3.6).
  CHECK(hear<HttpConnect>(request("a:1", "Content-Length: 3\r\n") + "abc").rest == "abc");
}

TEST_CASE("the user name of a CONNECT is the client's", "[http_connect]") {
  const auto name_of = [](const std::string& headers) {
    const Heard heard = hear<HttpConnect>(request("a:1", headers));
    CHECK(heard.is_done());
    return heard.introduction.client_name;
  };
  CHECK(name_of("Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n") == "alice");
  CHECK(name_of("proxy-authorization:   basic  YWxpY2U6  \r\nX: y\r\n") == "alice");
  CHECK(name_of("Proxy-Authorization: Basic YWxpY2U=\r\n") == "alice");
  CHECK(name_of("Proxy-Authorization: Bearer x\r\n").empty());
  CHECK(name_of("Authorization: Basic YWxpY2U6c2VjcmV0\r\n").empty());
  CHECK(name_of("X: Proxy-Authorization\r\nY: Basic YWxpY2U6\r\n").empty());
  CHECK(refusal_of(request("a:1", "Proxy-Authorization: Basic ?\r\n")) ==
        "HTTP/1.1 400 Bad Request");
  const std::string long_name = "Proxy-Authorization: Basic " + std::string(1000, 'Y') + "\r\n";
  CHECK(refusal_of(request("a:1", long_name)) == "HTTP/1.1 400 Bad Request");
}

TEST_CASE("what is no CONNECT is refused in HTTP's words", "[http_connect]") {
  for (const std::string& text : std::vector<std::string>{
           "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "OPTIONS * HTTP/1.1\r\n\r\n"}) {
    CHECK(refusal_of(text) == "HTTP/1.1 405 Method Not Allowed");
    CHECK(hear<HttpConnect>(text).replies.find("\r\nAllow: CONNECT\r\n") != std::string::npos);
  }
  for (const std::string& text : std::vector<std::string>{
           "\5\1", "PROXY TCP4 ", "CONNECT a:1 HTTP/9.9\r\n\r\n", "CONNECT a:1\r\n\r\n",
           request("a"), request("a:0"), request("a:65536"), request("a:x"), request(":80"),
           request("::1:80"), request("[a]:80"), request("[::1]"), request("unix:/a"),
           request("http://a:80/"), request("u@a:80"), request("a:80/x")}) {
    CHECK(refusal_of(text) == "HTTP/1.1 400 Bad Request");
  }
  const std::string head = "CONNECT a:1 HTTP/1.1\r\nX: ";
  const std::size_t room = HttpConnect::kMostBytes - head.size();
  CHECK(hear<HttpConnect>(head + std::string(room - 1, 'x')).status ==
        Greeting::Status::kNeedsMore);
  CHECK(refusal_of(head + std::string(room, 'x')) ==
        "HTTP/1.1 431 Request Header Fields Too Large");
  CHECK(hear<HttpConnect>(head + std::string(room - 4, 'x') + "\r\n\r\nrest").rest == "rest");
  CHECK(refusal_of(std::string(20'000, '\n')).starts_with("HTTP/1.1 4"));
}

TEST_CASE("a client of CONNECT is told how the dial has ended", "[http_connect]") {
  const HttpConnect connect;
  CHECK(connect.answer({}) == "HTTP/1.1 200 Connection established\r\n\r\n");
  CHECK(connect.answer({.error = ECONNREFUSED}).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  CHECK(connect.answer({.error = EHOSTUNREACH}).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
  CHECK(connect.answer({.error = ETIMEDOUT}).starts_with("HTTP/1.1 504 Gateway Timeout\r\n"));
  const std::string text = "502 Bad Gateway: the destination refuses the connection\n";
  const std::string answer = connect.answer({.error = ECONNREFUSED});
  CHECK(answer.ends_with("\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text));
}

TEST_CASE("CONNECT may come in any pieces, and be any rubbish", "[http_connect]") {
  test::check_truncations<HttpConnect>(kRequest);
  test::check_truncations<HttpConnect>(
      request("[::1]:80", "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"));
  test::check_garbage<HttpConnect>(kRequest);
}

}  // namespace
}  // namespace faultline
