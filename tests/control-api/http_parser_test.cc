#include "control-api/http_parser.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "base/random.h"

namespace faultline {
namespace {

struct Outcome {
  std::vector<HttpRequest> requests;
  int failure = 0;  // The status of the failure, or 0.
  bool in_request = false;
};

/// What a parser makes of `pieces`, fed one after the other.
Outcome parse(const std::vector<std::string>& pieces, HttpParser::Limits limits = {}) {
  HttpParser parser(limits);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    do {
      const HttpParser::Step step = parser.feed(rest);
      REQUIRE(step.used_bytes <= rest.size());
      rest.remove_prefix(step.used_bytes);
      if (step.status == HttpParser::Status::kFailed) {
        outcome.failure = parser.failure().status;
        return outcome;
      }
      if (step.status == HttpParser::Status::kRequest) {
        outcome.requests.push_back(parser.take_request());
      }
    } while (!rest.empty());
  }
  outcome.in_request = parser.in_request();
  return outcome;
}

int failure(const std::string& bytes, HttpParser::Limits limits = {}) {
  return parse({bytes}, limits).failure;
}

const std::string kHost = "Host: localhost\r\n";

const std::string kPipeline =
    "POST /proxies HTTP/1.1\r\n" + kHost +
    "Content-Length: 5\r\nX-Empty:\r\nX-Two: b \r\n\r\nhello"
    "GET /version?x=1 HTTP/1.1\r\n" +
    kHost +
    "\r\n"
    "POST /populate HTTP/1.1\r\n" +
    kHost +
    "Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    "DELETE /proxies/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    "GET http://other/proxies HTTP/1.1\r\n" +
    kHost +
    "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nxy"
    "GET / HTTP/1.1\r\n" +
    kHost + "Connection: close\r\n\r\n";

void check_pipeline(const Outcome& outcome) {
  REQUIRE(outcome.failure == 0);
  REQUIRE(outcome.requests.size() == 6);
  CHECK_FALSE(outcome.in_request);
  const auto& requests = outcome.requests;
  CHECK(requests[0].method == "POST");
  CHECK(requests[0].body == "hello");
  REQUIRE(requests[0].headers.size() == 4);
  CHECK(*requests[0].header("x-empty") == "");
  CHECK(*requests[0].header("X-TWO") == "b");
  CHECK(requests[1].target == "/version?x=1");
  CHECK(requests[1].body.empty());
  CHECK(requests[1].headers.size() == 1);
  CHECK(requests[2].body == "abcde");
  CHECK(requests[2].header("Trailer") == nullptr);
  CHECK(requests[2].keep_alive);
  CHECK(requests[3].minor_version == 0);
  CHECK(requests[3].keep_alive);
  CHECK(requests[4].target == "http://other/proxies");
  CHECK(requests[4].body == "xy");
  CHECK(requests[5].header("Host") != nullptr);
  CHECK_FALSE(requests[5].keep_alive);
}

TEST_CASE("pipelined requests are read whole", "[http_parser]") {
  check_pipeline(parse({kPipeline}));
}

TEST_CASE("it does not matter where the bytes are cut", "[http_parser]") {
  for (std::size_t cut = 1; cut < kPipeline.size(); ++cut) {
    INFO("cut at " << cut);
    check_pipeline(parse({kPipeline.substr(0, cut), kPipeline.substr(cut)}));
  }
  std::vector<std::string> bytes;
  for (const char c : kPipeline) bytes.emplace_back(1, c);
  check_pipeline(parse(bytes));
}

TEST_CASE("what is not HTTP is refused", "[http_parser]") {
  CHECK(failure("hello world\r\n\r\n") == 400);
  CHECK(failure("\x16\x03\x01\x02") == 400);  // The start of TLS.
  CHECK(failure("FROB / HTTP/1.1\r\n" + kHost + "\r\n") == 400);
  CHECK(failure("GET / HTTP/1.1\r\nBad Header: x\r\n\r\n") == 400);
  CHECK(failure("GET / HTTP/1.1\r\n" + kHost + "Content-Length: x\r\n\r\n") == 400);
  CHECK(failure("POST / HTTP/1.1\r\n" + kHost +
                "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(failure("POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nzz\r\n") == 400);
  CHECK(failure("GET / HTTP/3.7\r\n" + kHost + "\r\n") == 505);
  CHECK(failure("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
}

TEST_CASE("HTTP/1.1 needs one Host, HTTP/1.0 none", "[http_parser]") {
  CHECK(failure("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(failure("GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n") == 400);
  CHECK(parse({"GET / HTTP/1.0\r\n\r\n"}).requests.size() == 1);
}

TEST_CASE("headers and bodies are limited", "[http_parser]") {
  const HttpParser::Limits limits{.header_bytes = 100, .body_bytes = 10};
  const std::string start = "POST / HTTP/1.1\r\n" + kHost;
  CHECK(failure(start + "X: " + std::string(100, 'x'), limits) == 431);
  CHECK(failure("GET /" + std::string(100, 'x'), limits) == 431);
  std::string many = start;
  for (int i = 0; i < 40; ++i) many += "a:\r\n";
  CHECK(failure(many, limits) == 431);
  CHECK(failure(start + "Content-Length: 11\r\n\r\n", limits) == 413);
  CHECK(failure(start + "Content-Length: 10\r\n\r\n0123456789", limits) == 0);
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(failure(chunked + "6\r\n012345\r\n5\r\n01234\r\n", limits) == 413);
  CHECK(failure(chunked + "6\r\n012345\r\n4\r\n0123\r\n0\r\n\r\n", limits) == 0);
  CHECK(failure(chunked + "0\r\nT: " + std::string(100, 'x'), limits) == 431);
  CHECK(failure(chunked + "1;" + std::string(100, 'x'), limits) == 431);
  // The limits are for each request, not for the connection.
  std::string request = start + "Content-Length: 9\r\n\r\n012345678";
  CHECK(parse({request + request + request}, limits).requests.size() == 3);
}

TEST_CASE("a client that waits for 100 Continue is noticed once", "[http_parser]") {
  HttpParser parser({});
  const std::string head = "POST / HTTP/1.1\r\n" + kHost + "Expect: 100-Continue\r\n";
  CHECK(parser.feed(head + "Content-Length: 2\r\n\r\n").status == HttpParser::Status::kNeedsMore);
  CHECK(parser.take_expects_continue());
  CHECK_FALSE(parser.take_expects_continue());
  CHECK(parser.feed("ab").status == HttpParser::Status::kRequest);
  CHECK(parser.take_request().body == "ab");
  CHECK(failure("GET / HTTP/1.1\r\n" + kHost + "Expect: x\r\n\r\n") == 417);
}

TEST_CASE("an end inside a request is told from one between two", "[http_parser]") {
  CHECK_FALSE(parse({""}).in_request);
  CHECK(parse({"GE"}).in_request);
  CHECK(parse({"GET / HTTP/1.1\r\n" + kHost + "Content-Length: 2\r\n\r\na"}).in_request);
}

TEST_CASE("no bytes break the parser", "[http_parser]") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = kPipeline;
    const int changes = static_cast<int>(random.next() % 8);
    for (int i = 0; i < changes; ++i) {
      bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
      if (random.next() % 4 == 0) bytes.erase(random.next() % bytes.size(), random.next() % 9);
    }
    const std::size_t cut = random.next() % (bytes.size() + 1);
    parse({bytes.substr(0, cut), bytes.substr(cut)});
  }
}

}  // namespace
}  // namespace faultline
