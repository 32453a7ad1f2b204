#include "proxy/destination.h"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

DestinationPattern pattern(const std::string& text) {
  const auto parsed = DestinationPattern::parse(text);
  INFO(text << (parsed ? "" : ": " + parsed.error().message));
  REQUIRE(parsed);
  return *parsed;
}

std::string error_of(const std::string& text) {
  const auto parsed = DestinationPattern::parse(text);
  INFO(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::kInvalid);
  return parsed.error().message;
}

bool covers(const std::string& text, const std::string& destination) {
  return pattern(text).covers(destination_of(destination));
}

/// A name that was looked up, and what was dialled then.
Destination dialled(std::string_view text, std::string_view address) {
  Destination destination = destination_of(text);
  destination.address = destination_of(address).address;
  return destination;
}

TEST_CASE("a destination's pattern is shown as it was written", "[destination]") {
  for (const char* text : {"10.2.0.0/16", "10.2.0.0/16:5432", "10.1.1.1", "10.1.1.1:80", "fd00::/8",
                           "[fd00::/8]:5432", "::1", "[::1]:80", "db1", "db1:5432",
                           "*.cache.internal", "*.cache.internal:6379", "*:5432"}) {
    CHECK(pattern(text).text() == text);
    CHECK(pattern(pattern(text).text()) == pattern(text));
  }
  CHECK(pattern("[fd00::/8]").text() == "fd00::/8");
  CHECK(pattern("DB1.Example.:80").text() == "db1.example:80");
}

TEST_CASE("what is no destination is refused with what to write", "[destination]") {
  CHECK(error_of("10.1.2.3/16:80") == "`10.1.2.3/16` has bits set beyond /16: write 10.1.0.0/16");
  CHECK(error_of("fd00::/8:5432") ==
        "`fd00::/8:5432`: an IPv6 prefix with a port needs brackets: [fd00::/8]:5432");
  CHECK(error_of("db1:0") == "`db1:0`: `0` is no port: it is a number from 1 to 65535");
  CHECK(error_of("db1:postgres") ==
        "`db1:postgres`: `postgres` is no port: it is a number from 1 to 65535");
  CHECK(error_of("*") == "`*` is every destination: leave it out");
  for (const char* text : {"", ":80", "a b", "*.", "a*b", "*cache", "[::1", "[::1]80", "[db1]:80",
                           "10.2.0.0/33", "1.2.3", "unix:/a", "a:b:1", "[]:1", "10.2.0.0/16:"}) {
    error_of(text);
  }
}

TEST_CASE("prefixes are for addresses, which may not be known yet", "[destination]") {
  CHECK(covers("10.2.0.0/16", "10.2.3.4:80"));
  CHECK(covers("10.2.0.0/16:80", "10.2.3.4:80"));
  CHECK_FALSE(covers("10.2.0.0/16:81", "10.2.3.4:80"));
  CHECK_FALSE(covers("10.2.0.0/16", "10.3.3.4:80"));
  CHECK(covers("[fd00::/8]:80", "[fd00::1]:80"));
  CHECK(covers("10.2.0.0/16", "[::ffff:10.2.3.4]:80"));
  CHECK_FALSE(covers("0.0.0.0/0", "db1:80"));
  CHECK(pattern("10.2.0.0/16:80").covers(dialled("db1:80", "10.2.3.4:80")));
  CHECK_FALSE(covers("0.0.0.0/0", "0.0.0.0:80"));  // This machine: 127.0.0.1, or ::1.
  CHECK_FALSE(covers("::/0", ":80"));
}

TEST_CASE("names are for the host as it was asked for", "[destination]") {
  CHECK(covers("db1", "db1:80"));
  CHECK(covers("db1:80", "DB1.:80"));
  CHECK_FALSE(covers("db1:80", "db1:81"));
  CHECK_FALSE(covers("db1", "db10:80"));
  CHECK(covers("*.cache.internal", "a.b.cache.internal:80"));
  CHECK_FALSE(covers("*.cache.internal", "cache.internal:80"));
  CHECK_FALSE(covers("*.cache.internal", "xcache.internal:80"));
  CHECK(covers("*:80", "db1:80"));
  CHECK(covers("*:80", "10.1.1.1:80"));
  CHECK_FALSE(covers("*:80", "db1:81"));
  CHECK(pattern("db1").covers(dialled("db1:80", "10.2.3.4:80")));
  CHECK_FALSE(covers("*:80", "unix:/run/80"));
  CHECK_FALSE(covers("db1", ""));
}

TEST_CASE("a destination is a host or an IP address, and a port", "[destination]") {
  CHECK(destination_text("db1.internal", 80) == std::string("db1.internal:80"));
  CHECK(destination_text("::1", 80) == std::string("[::1]:80"));
  for (const char* host : {"", "a:1", "[::1]", "a b", "unix:/a", "a/b", ".a"}) {
    CHECK_FALSE(destination_text(host, 80));
  }
  CHECK_FALSE(destination_text("db1", 0));
}

}  // namespace
}  // namespace faultline
