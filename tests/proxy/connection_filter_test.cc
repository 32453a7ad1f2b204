#include "proxy/connection_filter.h"

#include "proxy/names.h"

namespace faultline {
namespace {

CompactAddress client_at(const std::string& text) {
  return CompactAddress(addresses_of(*parse_host_port(text), {})->front());
}

bool matches(const std::string& pattern, const std::string& client) {
  const auto parsed = ClientPattern::parse(pattern);
  REQUIRE(parsed);
  return parsed->matches(client_at(client));
}

TEST_CASE("clients are named by range, by address, or with their port", "[connection_filter]") {
  CHECK(matches("10.1.0.0/16", "10.1.2.3:4000"));
  CHECK_FALSE(matches("10.1.0.0/16", "10.2.2.3:4000"));
  CHECK(matches("10.1.2.3", "10.1.2.3:4000"));
  CHECK_FALSE(matches("10.1.2.3", "10.1.2.4:4000"));
  CHECK(matches("10.1.2.3:4000", "10.1.2.3:4000"));
  CHECK_FALSE(matches("10.1.2.3:4000", "10.1.2.3:4001"));
  CHECK(matches("::1", "[::1]:4000"));
  CHECK(matches("fd00::/8", "[fd00::1]:4000"));
  CHECK(matches("[::1]:4000", "[::1]:4000"));
  CHECK_FALSE(matches("[::1]:4000", "[::1]:4001"));
  CHECK(matches("10.1.0.0/16", "[::ffff:10.1.2.3]:4000"));
  CHECK_FALSE(matches("0.0.0.0/0", "unix:/run/a.sock"));
}

TEST_CASE("what is no address of clients is refused", "[connection_filter]") {
  for (const auto* text : {"", "redis", "10.1.2.3:", "10.1.2.3:0", "10.1.2.3:70000", "[::1]",
                           "10.1.2.3/16:80", "localhost:80", ":80", "unix:/run/a.sock"}) {
    INFO(text);
    const auto parsed = ClientPattern::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
    CHECK(parsed.error().message.find("`" + std::string(text) + "`") == 0);
  }
  CHECK(ClientPattern::parse("10.1.2.3/16").error().message ==
        "`10.1.2.3/16` has bits set beyond /16: write 10.1.0.0/16");
}

TEST_CASE("states are read back from their names", "[connection_filter][connection_view]") {
  for (const ConnectionState state :
       {ConnectionState::kGreeting, ConnectionState::kDialling, ConnectionState::kHeld,
        ConnectionState::kOpen, ConnectionState::kHalfClosedUpstream,
        ConnectionState::kHalfClosedDownstream, ConnectionState::kClosing}) {
    const auto read = parse_connection_state(to_string(state));
    REQUIRE(read);
    CHECK(*read == state);
  }
  CHECK(parse_connection_state("opn").error().message ==
        "`opn` is not a state of a connection: they are greeting, dialling, held, open, "
        "half-closed-upstream, half-closed-downstream, closing");
}

}  // namespace
}  // namespace faultline
