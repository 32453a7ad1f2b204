#include "proxy/connection_id.h"

namespace faultline {
namespace {

TEST_CASE("an id is read back from its text", "[connection_id]") {
  CHECK(to_string(ConnectionId{3, 17}) == "3-17");
  const ConnectionId largest{UINT64_MAX, UINT64_MAX};
  for (const ConnectionId id : {ConnectionId{3, 17}, ConnectionId{1, 0}, largest}) {
    const auto read = parse_connection_id(to_string(id));
    REQUIRE(read);
    CHECK(*read == id);
  }
}

TEST_CASE("an id has one spelling", "[connection_id]") {
  for (const auto* text : {"", "-", "3", "3-", "-17", "3-17-1", "03-17", "3-017", "+3-17", "3- 17",
                           "3-18446744073709551616", "redis/17"}) {
    INFO(text);
    const auto read = parse_connection_id(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::kInvalid);
    CHECK(read.error().message ==
          "`" + std::string(text) + "` is not the id of a connection, such as 3-17");
  }
}

TEST_CASE("ids are in the order of proxies, then of connections", "[connection_id]") {
  CHECK(ConnectionId{2, 9} < ConnectionId{3, 0});
  CHECK(ConnectionId{3, 9} < ConnectionId{3, 10});
}

}  // namespace
}  // namespace faultline
