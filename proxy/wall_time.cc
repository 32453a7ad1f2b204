#include "proxy/wall_time.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "proxy/alarm_clock.h"

namespace faultline {

WallTime wall_time_of(TimePoint at) {
  const Duration ago = clock_now() - at;
  return std::chrono::system_clock::now() - std::chrono::duration_cast<WallTime::duration>(ago);
}

std::string rfc3339(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - second);
  const std::time_t since_epoch = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&since_epoch, &utc);
  std::array<char, 32> day{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(rest.count()));
  return std::string(day.data()) + fraction.data();
}

}  // namespace faultline
