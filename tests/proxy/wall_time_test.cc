#include "proxy/wall_time.h"

#include <ctime>

#include "proxy/alarm_clock.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

TEST_CASE("times of day are written as RFC 3339 has them", "[wall_time]") {
  const WallTime epoch{};
  CHECK(rfc3339(epoch) == "1970-01-01T00:00:00.000Z");
  CHECK(rfc3339(epoch + 1709251199s + 999ms + 999us) == "2024-02-29T23:59:59.999Z");
  CHECK(rfc3339(epoch + 1709251200s + 7ms) == "2024-03-01T00:00:00.007Z");
  CHECK(rfc3339(epoch - 1ms) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a time on the monotonic clock is one on the wall", "[wall_time]") {
  const TimePoint now = clock_now();
  const auto earlier = wall_time_of(now) - wall_time_of(now - 1h);
  CHECK(std::chrono::abs(earlier - 1h) < 10s);
  const std::time_t today = std::time(nullptr);
  CHECK(std::chrono::abs(wall_time_of(now) - WallTime::clock::from_time_t(today)) < 10s);
}

}  // namespace
}  // namespace faultline
