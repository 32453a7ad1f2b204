#include "cli/amounts.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>

#include "base/quantities.h"

namespace faultline {

namespace {

using Time = std::chrono::system_clock::time_point;

/// "2026-11-28T14:05:12.123Z", to the millisecond.
std::optional<Time> parsed(const std::string& rfc3339) {
  std::tm parts{};
  const char* rest = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  Time time = std::chrono::system_clock::from_time_t(timegm(&parts));
  unsigned milliseconds = 0;
  if (*rest == '.' && std::sscanf(rest + 1, "%3u", &milliseconds) == 1) {
    time += std::chrono::milliseconds(milliseconds);
  }
  return time;
}

/// In whole seconds, where there are any.
std::string in_short(std::chrono::nanoseconds duration) {
  using std::chrono::seconds;
  if (duration >= seconds(1)) return duration_text(std::chrono::round<seconds>(duration));
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  return duration_text(std::max(rest, std::chrono::milliseconds(0)));
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string amount_of(std::uint64_t number, const std::string& noun) {
  return (number == 0 ? "no" : grouped(number)) + " " + noun + (number == 1 ? "" : "s");
}

std::string few_in_words(const std::vector<std::string>& words, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) {
    text += (text.empty() ? "" : ", ") + words[i];
  }
  return words.size() > most ? text + " and " + std::to_string(words.size() - most) + " more"
                             : text;
}

std::string short_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {" B", " kB", " MB", " GB", " TB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < kUnits.size()) {
    number /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit > 0 && number < 9.95 ? "%.1f" : "%.0f", number);
  return std::string(text.data()) + kUnits.at(unit);
}

std::string milliseconds_in_words(double milliseconds) {
  std::array<char, 32> text{};
  if (milliseconds >= 1000) {
    std::snprintf(text.data(), text.size(), "%.1f s", milliseconds / 1000);
  } else {
    std::snprintf(text.data(), text.size(), milliseconds < 10 ? "%.1f ms" : "%.0f ms",
                  milliseconds);
  }
  return text.data();
}

std::string time_left(const std::string& rfc3339) {
  const auto end = parsed(rfc3339);
  return end ? in_short(*end - std::chrono::system_clock::now()) : "";
}

std::string time_between(const std::string& from, const std::string& to) {
  const auto begin = parsed(from);
  const auto end = parsed(to);
  return begin && end ? in_short(*end - *begin) : "";
}

}  // namespace faultline
