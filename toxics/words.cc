#include "toxics/words.h"

#include <array>
#include <cmath>
#include <utility>

namespace faultline {

namespace {

constexpr std::uint64_t kMillionthsOfAPercent = AttributeValue::kMillion / 100;

/// `count` / `scale`, which is a power of ten, exactly: "1.5".
std::string decimal_text(std::uint64_t count, std::uint64_t scale) {
  std::string text = std::to_string(count / scale);
  std::string rest = std::to_string(count % scale + scale).substr(1);
  rest.erase(rest.find_last_not_of('0') + 1);
  return rest.empty() ? text : text + "." + rest;
}

}  // namespace

std::string words_of_stream(Direction stream) {
  return stream == Direction::kUpstream ? "requests from the client" : "answers from the server";
}

std::string words_of(Duration duration) {
  if (duration < Duration(0)) return "-" + words_of(-duration);
  constexpr std::array<std::pair<std::uint64_t, const char*>, 4> kScales = {
      {{1'000'000'000, " s"}, {1'000'000, " ms"}, {1'000, " us"}, {1, " ns"}}};
  constexpr std::uint64_t kMinute = 60'000'000'000;
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (count == 0) return "0 s";
  if (count % kMinute == 0 && count > kMinute) return std::to_string(count / kMinute) + " min";
  for (const auto& [scale, unit] : kScales) {
    if (count >= scale) return decimal_text(count, scale) + unit;
  }
  return "0 s";
}

std::string words_of_milliseconds(std::int64_t milliseconds) {
  return words_of(saturated_milliseconds(milliseconds));
}

std::string words_of_share(const AttributeValue& share) {
  return decimal_text(static_cast<std::uint64_t>(share.number), kMillionthsOfAPercent) + " %";
}

std::string share_text(double share) {
  const double millionths = share * static_cast<double>(AttributeValue::kMillion);
  return decimal_text(static_cast<std::uint64_t>(std::llround(millionths)), kMillionthsOfAPercent) +
         "%";
}

std::string words_of_decimal(const AttributeValue& value) {
  return decimal_text(static_cast<std::uint64_t>(value.number), AttributeValue::kMillion);
}

std::string words_of_bytes(std::uint64_t bytes) {
  if (bytes == 1) return "1 byte";
  std::string best = std::to_string(bytes) + " bytes";
  constexpr std::array<std::pair<std::uint64_t, const char*>, 3> kDecimal = {
      {{1'000, " KB"}, {1'000'000, " MB"}, {1'000'000'000, " GB"}}};
  constexpr std::array<const char*, 3> kBinary = {" KiB", " MiB", " GiB"};
  for (std::size_t i = 0; i < kDecimal.size(); ++i) {
    const auto& [scale, unit] = kDecimal[i];
    if (bytes >= scale && bytes % (scale / 10) == 0) best = decimal_text(bytes, scale) + unit;
    const std::uint64_t power = std::uint64_t{1} << (10 * (i + 1));
    if (bytes >= power && bytes % power == 0) best = std::to_string(bytes / power) + kBinary[i];
  }
  return best;
}

std::string words_of_rate(std::int64_t kilobytes_per_second) {
  if (kilobytes_per_second < 1'000) return std::to_string(kilobytes_per_second) + " KB/s";
  const auto rate = static_cast<std::uint64_t>(kilobytes_per_second);
  return rate < 1'000'000 ? decimal_text(rate, 1'000) + " MB/s"
                          : decimal_text(rate, 1'000'000) + " GB/s";
}

std::string words_of_count(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace faultline
