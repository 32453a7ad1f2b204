#include "proxy/wall_time.h"

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
  const WallTime before = std::chrono::system_clock::now();
  const WallTime hour_ago = wall_time_of(clock_now() - 1h);
  CHECK(hour_ago + 1h > before - 10s);
  CHECK(hour_ago + 1h < std::chrono::system_clock::now() + 10s);
}

}  // namespace
}  // namespace faultline
