#include "control-api/leases.h"

#include <catch2/catch.hpp>

namespace faultline {
namespace {
using namespace std::chrono_literals;

const TimePoint kNow = TimePoint(1h);

TEST_CASE("a lease lasts for its ttl, and anew when it is renewed", "[leases]") {
  Leases leases(1);
  const Lease granted = *leases.grant(10s, "anna", "a drill", kNow).value();
  CHECK(granted.owner == "anna");
  CHECK(granted.reason == "a drill");
  CHECK(leases.next_end() == kNow + 10s);
  CHECK(leases.find(granted.id, kNow + 9s) != nullptr);
  CHECK(leases.find(granted.id, kNow + 10s) == nullptr);
  CHECK(leases.take_ended(kNow + 9s).empty());

  REQUIRE(leases.renew(granted.id, 20s, kNow + 9s) != nullptr);
  CHECK(leases.next_end() == kNow + 29s);
  CHECK(leases.renew("another", 20s, kNow + 9s) == nullptr);
  CHECK(leases.renew(granted.id, 20s, kNow + 29s) == nullptr);
  const auto ended = leases.take_ended(kNow + 29s);
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].id == granted.id);
  CHECK(leases.list().empty());
  CHECK(leases.next_end() == kNever);
}

TEST_CASE("a lease can be ended before its time", "[leases]") {
  Leases leases(1);
  const std::string id = leases.grant(10s, "", "", kNow).value()->id;
  const std::string other = leases.grant(5s, "", "", kNow).value()->id;
  CHECK(id != other);
  CHECK(leases.end(id));
  CHECK(!leases.end(id));
  REQUIRE(leases.list().size() == 1);
  CHECK(leases.list()[0]->id == other);
}

TEST_CASE("there are not more leases than there may be", "[leases]") {
  Leases leases(1);
  for (std::size_t i = 0; i < Leases::kMost; ++i) REQUIRE(leases.grant(10s, "", "", kNow));
  const auto refused = leases.grant(10s, "", "", kNow);
  REQUIRE(!refused);
  CHECK(refused.error().kind == ErrorKind::kConflict);
}

}  // namespace
}  // namespace faultline
