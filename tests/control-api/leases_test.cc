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

TEST_CASE("a lease does not end while it is held, and has its ttl when nobody holds it",
          "[leases]") {
  Leases leases(1);
  int releases = 0;
  leases.watch_releases([&] { ++releases; });
  const std::string id = leases.grant(10s, "", "", kNow).value()->id;
  leases.hold(id, kNow);
  leases.hold(id, kNow);
  CHECK(leases.next_end() == kNever);
  CHECK(leases.find(id, kNow + 1h) != nullptr);
  REQUIRE(leases.renew(id, 10s, kNow + 1h) != nullptr);
  CHECK(leases.take_ended(kNow + 2h).empty());
  leases.release(id, kNow + 2h);
  CHECK(leases.next_end() == kNever);
  CHECK(releases == 0);
  leases.release(id, kNow + 2h);
  CHECK(leases.next_end() == kNow + 2h + 10s);
  CHECK(releases == 1);
  leases.release(id, kNow + 2h);
  leases.hold("another", kNow);
  leases.release("another", kNow);
  CHECK(releases == 1);
  leases.hold(id, kNow + 2h + 10s);  // Too late.
  CHECK(leases.take_ended(kNow + 2h + 10s).size() == 1);
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
