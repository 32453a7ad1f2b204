#include "base/ip_prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <vector>

namespace faultline {
namespace {

IpPrefix prefix(std::string_view text) {
  const Result<IpPrefix> parsed = IpPrefix::parse(text);
  INFO(text << ": " << (parsed ? "" : parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

std::string error(std::string_view text) {
  const Result<IpPrefix> parsed = IpPrefix::parse(text);
  if (parsed) return "no error, " + parsed->text();
  CHECK(parsed.error().kind == ErrorKind::kInvalid);
  return parsed.error().message;
}

bool contains(std::string_view range, const std::string& address) {
  sockaddr_storage storage{};
  if (address.find(':') == std::string::npos) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    in->sin_family = AF_INET;
    in->sin_port = 0xffff;
    REQUIRE(inet_pton(AF_INET, address.c_str(), &in->sin_addr) == 1);
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = 0xffff;
    in6->sin6_scope_id = 7;
    REQUIRE(inet_pton(AF_INET6, address.c_str(), &in6->sin6_addr) == 1);
  }
  return prefix(range).contains(reinterpret_cast<const sockaddr&>(storage));
}

}  // namespace

TEST_CASE("a prefix is printed as it is read", "[ip_prefix]") {
  for (const std::string text :
       {"10.1.0.0/16", "127.0.0.1", "0.0.0.0/0", "128.0.0.0/1", "10.1.2.2/31", "255.255.255.255",
        "fd00::/8", "::/0", "::1", "2001:db8::/65", "2001:db8:0:0:8000::/65", "8000::/1",
        "::fffe:0:0/95"}) {
    INFO(text);
    CHECK(prefix(prefix(text).text()) == prefix(text));
    if (text != "2001:db8:0:0:8000::/65") CHECK(prefix(text).text() == text);
  }
  CHECK(IpPrefix() == prefix("0.0.0.0/0"));
}

TEST_CASE("other spellings of a prefix are the same prefix", "[ip_prefix]") {
  CHECK(prefix("127.0.0.1/32") == prefix("127.0.0.1"));
  CHECK(prefix("FD00:0:0::/8").text() == "fd00::/8");
  CHECK(prefix("::1/128").text() == "::1");
  CHECK(prefix("::ffff:10.0.0.0/104").text() == "10.0.0.0/8");
  CHECK(prefix("::ffff:10.1.2.3").text() == "10.1.2.3");
  CHECK(prefix("::ffff:0:0/96").text() == "0.0.0.0/0");
}

TEST_CASE("a prefix with host bits is refused with the fix", "[ip_prefix]") {
  CHECK(error("10.1.2.3/16") == "`10.1.2.3/16` has bits set beyond /16: write 10.1.0.0/16");
  CHECK(error("10.1.2.3/0") == "`10.1.2.3/0` has bits set beyond /0: write 0.0.0.0/0");
  CHECK(error("10.1.2.3/31") == "`10.1.2.3/31` has bits set beyond /31: write 10.1.2.2/31");
  CHECK(error("fd00::1/8") == "`fd00::1/8` has bits set beyond /8: write fd00::/8");
  CHECK(error("::ffff:10.1.2.3/104") ==
        "`::ffff:10.1.2.3/104` has bits set beyond /104: write 10.0.0.0/8");
}

TEST_CASE("what is no prefix is refused with an example", "[ip_prefix]") {
  using std::literals::string_view_literals::operator""sv;
  for (const std::string_view text :
       {""sv, "/8"sv, "localhost"sv, "10.1"sv, "10.1/16"sv, "1.2.3.4.5"sv, "256.1.1.1"sv,
        " 10.0.0.1"sv, "10.0.0.1 "sv, "010.0.0.1"sv, "[::1]"sv, "fe80::1%eth0"sv, ":::"sv,
        "10.0.0.1\0"sv, "10.0.0.1:80"sv}) {
    INFO(text);
    CHECK(error(text) == "`" + std::string(text) +
                             "` is not an IP address or prefix, such as 127.0.0.1, 10.1.0.0/16 or "
                             "fd00::/8");
  }
  for (const std::string text :
       {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0", "10.0.0.0/99999999999", "10.0.0.0/+8", "10.0.0.0/0x8"}) {
    INFO(text);
    CHECK(error(text) == "`" + text + "`: after the slash comes the number of fixed bits, 0 to 32");
  }
  CHECK(error("fd00::/129") ==
        "`fd00::/129`: after the slash comes the number of fixed bits, 0 to 128");
}

TEST_CASE("a prefix contains exactly the addresses with its first bits", "[ip_prefix]") {
  CHECK(contains("10.1.0.0/16", "10.1.0.0"));
  CHECK(contains("10.1.0.0/16", "10.1.255.255"));
  CHECK_FALSE(contains("10.1.0.0/16", "10.0.255.255"));
  CHECK_FALSE(contains("10.1.0.0/16", "10.2.0.0"));
  CHECK(contains("0.0.0.0/0", "255.1.2.3"));
  CHECK(contains("128.0.0.0/1", "128.0.0.0"));
  CHECK_FALSE(contains("128.0.0.0/1", "127.255.255.255"));
  CHECK(contains("127.0.0.1", "127.0.0.1"));
  CHECK_FALSE(contains("127.0.0.1", "127.0.0.2"));
  CHECK(contains("fd00::/8", "fdff::1"));
  CHECK_FALSE(contains("fd00::/8", "fe00::"));
  CHECK(contains("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff"));
  CHECK_FALSE(contains("2001:db8::/65", "2001:db8::8000:0:0:0"));
  CHECK(contains("::/0", "ffff::"));
  CHECK_FALSE(contains("::2", "::3"));
}

TEST_CASE("an IPv4 address written as IPv6 is an IPv4 address", "[ip_prefix]") {
  CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK_FALSE(contains("10.0.0.0/8", "::ffff:11.1.2.3"));
  CHECK(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
  CHECK_FALSE(contains("::/0", "::ffff:10.1.2.3"));
  CHECK_FALSE(contains("::/0", "10.1.2.3"));
  CHECK_FALSE(contains("0.0.0.0/0", "::1"));
  CHECK_FALSE(
      contains("10.0.0.0/8", "::10.1.2.3"));  // The other, obsolete form: RFC 4291, 2.5.5.1.
}

TEST_CASE("a prefix contains no address of another family", "[ip_prefix]") {
  sockaddr unix_address{};
  unix_address.sa_family = AF_UNIX;
  CHECK_FALSE(IpPrefix().contains(unix_address));
  CHECK_FALSE(prefix("::/0").contains(unix_address));
}

TEST_CASE("prefixes are ordered by family, bits and address", "[ip_prefix]") {
  std::vector<IpPrefix> sorted;
  for (const std::string text : {"0.0.0.0/0", "9.0.0.0/8", "10.0.0.0/8", "1.0.0.0/16", "::/0",
                                 "fd00::/8", "fe00::/8", "::1"}) {
    sorted.push_back(prefix(text));
  }
  CHECK(std::is_sorted(sorted.begin(), sorted.end()));
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
}

}  // namespace faultline
