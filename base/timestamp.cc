#include "base/timestamp.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace faultline {

std::string timestamp_now() {
  const auto now = std::chrono::system_clock::now();
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  const std::time_t seconds = since_epoch.count() / 1000;
  const int milliseconds = static_cast<int>(since_epoch.count() % 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ", milliseconds);
  return text.data();
}

}  // namespace faultline
