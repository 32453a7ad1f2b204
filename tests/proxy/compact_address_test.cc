#include "proxy/compact_address.h"

namespace faultline {
namespace {

SocketAddress address_of(const std::string& text) {
  return addresses_of(*parse_host_port(text), {})->front();
}

TEST_CASE("a compact address says what it was made of", "[compact_address]") {
  for (const auto* text : {"127.0.0.1:80", "255.1.2.3:65535", "[::1]:80", "[fd00::a]:1"}) {
    const CompactAddress address(address_of(text));
    CHECK(address.text() == text);
    CHECK(to_string(address.address()) == text);
    CHECK(address.is_ip());
    CHECK(address == CompactAddress(address.address()));
  }
  CHECK(CompactAddress(address_of("127.0.0.1:80")) != CompactAddress(address_of("127.0.0.1:81")));
  CHECK(CompactAddress(address_of("127.0.0.1:80")) != CompactAddress(address_of("127.0.0.2:80")));
  CHECK(sizeof(CompactAddress) == 20);
}

TEST_CASE("an IPv4 client is the same through a listener for both families", "[compact_address]") {
  const CompactAddress mapped(address_of("[::ffff:10.1.2.3]:80"));
  CHECK(mapped == CompactAddress(address_of("10.1.2.3:80")));
  CHECK(mapped.text() == "10.1.2.3:80");
}

TEST_CASE("a client of a unix socket has no address, and nobody has none", "[compact_address]") {
  CHECK(CompactAddress(address_of("unix:/run/a.sock")).text() == "unix:");
  CHECK_FALSE(CompactAddress(address_of("unix:/run/a.sock")).is_ip());
  CHECK(CompactAddress().text().empty());
  CHECK(CompactAddress().address().length == 0);
  CHECK(CompactAddress(SocketAddress{}) == CompactAddress());
}

}  // namespace
}  // namespace faultline
