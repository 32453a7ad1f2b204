#include "proxy/proxy_protocol.h"

#include "tests/proxy/greeting_driver.h"

namespace faultline {
namespace {

using namespace std::literals;
using test::hear;
using test::Heard;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kV4 = kSignature + "\x21\x11\0\x0C\x0A\1\2\3\x7F\0\0\1\x9C\x40\x18\xEB"s;

SocketAddress address(const std::string& text) {
  return addresses_of(*parse_host_port(text), {})->front();
}

std::string client_of(const Heard& heard) {
  return heard.introduction.client.length == 0 ? "" : to_string(heard.introduction.client);
}

std::string refusal_of(const std::string& bytes) {
  const Heard heard = hear<ProxyHeader>(bytes);
  CHECK(heard.is_refused());
  CHECK(heard.replies.empty());
  CHECK(client_of(heard).empty());
  return heard.reason;
}

TEST_CASE("a header of version 1 says who the client is", "[proxy_protocol]") {
  const Heard four = hear<ProxyHeader>("PROXY TCP4 10.1.2.3 127.0.0.1 40000 6379\r\nPING\r\n");
  REQUIRE(four.is_done());
  CHECK(client_of(four) == "10.1.2.3:40000");
  CHECK(to_string(four.introduction.reached) == "127.0.0.1:6379");
  CHECK(four.rest == "PING\r\n");
  const Heard six = hear<ProxyHeader>("PROXY TCP6 fd00::1 ::1 65535 0\r\n");
  REQUIRE(six.is_done());
  CHECK(client_of(six) == "[fd00::1]:65535");
  CHECK(six.rest.empty());
}

TEST_CASE("UNKNOWN, LOCAL and addresses that are no IP leave the client as it is",
          "[proxy_protocol]") {
  const std::string paths(216, 'x');
  const std::string longest =
      "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535" + std::string(48, ' ') + "\r\n";
  REQUIRE(longest.size() == ProxyHeader::kMostV1);
  for (const std::string& header : std::vector<std::string>{
           "PROXY UNKNOWN\r\n", longest, kSignature + "\x20\0\0\0"s,
           kSignature + "\x20\x11\0\x0C"s + std::string(12, 'x'), kSignature + "\x20\xFF\0\1x"s,
           kSignature + "\x21\0\0\3abc"s, kSignature + "\x21\x31\0\xD8"s + paths}) {
    const Heard heard = hear<ProxyHeader>(header + "rest");
    INFO(header);
    REQUIRE(heard.is_done());
    CHECK(client_of(heard).empty());
    CHECK(heard.rest == "rest");
  }
}

TEST_CASE("a header of version 2 says who the client is, and its TLVs are skipped",
          "[proxy_protocol]") {
  CHECK(client_of(hear<ProxyHeader>(kV4)) == "10.1.2.3:40000");
  std::string with_tlvs = kV4 + "\x03\0\x04\1\2\3\4\x05\0\0"s;
  with_tlvs[15] = 12 + 10;
  const Heard heard = hear<ProxyHeader>(with_tlvs + "rest");
  REQUIRE(heard.is_done());
  CHECK(client_of(heard) == "10.1.2.3:40000");
  CHECK(to_string(heard.introduction.reached) == "127.0.0.1:6379");
  CHECK(heard.rest == "rest");

  std::string longest = kSignature + "\x21\x11\xFF\xFF"s + kV4.substr(16);
  longest += std::string(65'535 - 12, 't');
  const Heard huge = hear<ProxyHeader>(longest + "rest");
  REQUIRE(huge.is_done());
  CHECK(huge.rest == "rest");

  const std::string six = kSignature + "\x21\x21\0\x24"s + "\xFD" + std::string(14, '\0') + "\1" +
                          std::string(15, '\0') + "\1" + "\x00\x50\x01\xBB"s;
  CHECK(client_of(hear<ProxyHeader>(six)) == "[fd00::1]:80");
}

TEST_CASE("what is no PROXY header is refused at once", "[proxy_protocol]") {
  CHECK(refusal_of("GET / HTTP/1.1\r\n") == "it is no PROXY header");
  CHECK(refusal_of("PROXy") == "it is no PROXY header");
  CHECK(refusal_of("\r\n\r\n\0\r\nQUIX"s) == "it is no PROXY header");
  CHECK(refusal_of("PROXY " + std::string(101, 'x')) == "its PROXY header has no end");
  CHECK(refusal_of("PROXY UNKNOWN\n") == "its PROXY header ends without CR");
  for (const char* line :
       {"TCP4", "TCP4 1.2.3.4 1.2.3.4 1", "TCP4 1.2.3.4 1.2.3.4 1 2 3", "TCP5 1.2.3.4 1.2.3.4 1 2",
        "TCP4  1.2.3.4 1.2.3.4 1 2", "UNKNOWNX", "tcp4 1.2.3.4 1.2.3.4 1 2"}) {
    INFO(line);
    CHECK(refusal_of("PROXY " + std::string(line) + "\r\n") ==
          "its PROXY header is not understood");
  }
  for (const char* line :
       {"TCP4 1.2.3 1.2.3.4 1 2", "TCP4 ::1 ::1 1 2", "TCP6 1.2.3.4 1.2.3.4 1 2",
        "TCP4 1.2.3.4 1.2.3.4 65536 2", "TCP4 1.2.3.4 1.2.3.4 1 02", "TCP4 1.2.3.4 1.2.3.4 -1 2",
        "TCP4 1.2.3.4 1.2.3.4 1 ", "TCP4 01.2.3.4 1.2.3.4 1 2", "TCP4 1.2.3.4 1.2.3.4\r 1 2"}) {
    INFO(line);
    CHECK(refusal_of("PROXY " + std::string(line) + "\r\n") ==
          "its PROXY header has no valid addresses");
  }
  CHECK(refusal_of(kSignature + "\x11\x11\0\x0C"s) == "its PROXY header is of no known version");
  CHECK(refusal_of(kSignature + "\x22\x11\0\x0C"s) == "its PROXY header is of no known version");
  CHECK(refusal_of(kSignature + "\x21\x12\0\x0C"s) == "its PROXY header is not about TCP");
  CHECK(refusal_of(kSignature + "\x21\x11\0\x0B"s) ==
        "its PROXY header is too short for its addresses");
  CHECK(refusal_of(kSignature + "\x21\x21\0\x0C"s) ==
        "its PROXY header is too short for its addresses");
}

TEST_CASE("a PROXY header may come in any pieces, and be any rubbish", "[proxy_protocol]") {
  test::check_truncations<ProxyHeader>("PROXY TCP4 10.1.2.3 127.0.0.1 40000 6379\r\n");
  test::check_truncations<ProxyHeader>(kV4);
  test::check_garbage<ProxyHeader>("PROXY TCP6 fd00::1 ::1 40000 6379\r\n");
  test::check_garbage<ProxyHeader>(kV4);
}

TEST_CASE("what is written is read again", "[proxy_protocol]") {
  for (const HeaderVersion version : {HeaderVersion::kV1, HeaderVersion::kV2}) {
    for (const auto& [from, to] :
         {std::pair("10.1.2.3:40000", "127.0.0.1:6379"), std::pair("[fd00::1]:1", "[::1]:65535")}) {
      const Heard heard = hear<ProxyHeader>(proxy_header(version, address(from), address(to)));
      REQUIRE(heard.is_done());
      CHECK(client_of(heard) == from);
      CHECK(to_string(heard.introduction.reached) == to);
      CHECK(heard.rest.empty());
    }
    const Heard unknown =
        hear<ProxyHeader>(proxy_header(version, address("unix:/a"), address("127.0.0.1:1")));
    REQUIRE(unknown.is_done());
    CHECK(client_of(unknown).empty());
  }
  CHECK(proxy_header(HeaderVersion::kV1, address("10.1.2.3:4"), address("127.0.0.1:6379")) ==
        "PROXY TCP4 10.1.2.3 127.0.0.1 4 6379\r\n");
  // As a listener for both families has it.
  CHECK(proxy_header(HeaderVersion::kV1, address("[::ffff:10.1.2.3]:4"), address("1.2.3.4:5")) ==
        "PROXY TCP4 10.1.2.3 1.2.3.4 4 5\r\n");
  CHECK(proxy_header(HeaderVersion::kV1, address("[fd00::1]:4"), address("1.2.3.4:5")) ==
        "PROXY TCP6 fd00::1 ::ffff:1.2.3.4 4 5\r\n");
  CHECK(proxy_header(HeaderVersion::kV2, address("10.1.2.3:40000"), address("127.0.0.1:6379")) ==
        kV4);
}

}  // namespace
}  // namespace faultline
