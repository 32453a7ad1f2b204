#include "base/quantities.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace faultline {

namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kDurationUnits[] = {{"ns", 1e-6}, {"us", 1e-3},    {"\xc2\xb5s", 1e-3}, {"ms", 1},
                                   {"s", 1e3},   {"m", 60 * 1e3}, {"h", 3600 * 1e3}};
constexpr Unit kSizeUnits[] = {{"", 1},         {"b", 1},       {"kb", 1e3},     {"mb", 1e6},
                               {"gb", 1e9},     {"tb", 1e12},   {"kib", 0x1p10}, {"mib", 0x1p20},
                               {"gib", 0x1p30}, {"tib", 0x1p40}};

/// Bits and bytes a second, in bytes. Bare "mbps" is missing: see parse_rate().
constexpr Unit kRateUnits[] = {{"bit", 1.0 / 8},  {"kbit", 1e3 / 8}, {"mbit", 1e6 / 8},
                               {"gbit", 1e9 / 8}, {"b/s", 1},        {"kb/s", 1e3},
                               {"mb/s", 1e6},     {"gb/s", 1e9},     {"kib/s", 0x1p10},
                               {"mib/s", 0x1p20}, {"gib/s", 0x1p30}};

/// Takes a number >= 0 without exponent off the front of `text`.
bool take_number(std::string_view& text, double& number) {
  if (text.empty() ||
      (std::isdigit(static_cast<unsigned char>(text.front())) == 0 && text.front() != '.')) {
    return false;
  }
  const auto parsed =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (parsed.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return true;
}

/// Takes everything up to the next digit off the front of `text`, in lower case.
std::string take_unit(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("0123456789."), text.size());
  std::string unit(text.substr(0, end));
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  text.remove_prefix(end);
  return unit;
}

template <std::size_t kCount>
const Unit* find_unit(const Unit (&units)[kCount], std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid,
                "`" + std::string(text) + "` is no duration: write 500ms, 5s, 2m or 1h30m");
  };
  if (text == "0") return std::chrono::nanoseconds(0);
  double total = 0;
  for (std::string_view rest = text; !rest.empty() || rest.data() == text.data();) {
    double number = 0;
    if (!take_number(rest, number)) return wrong();
    const Unit* unit = find_unit(kDurationUnits, take_unit(rest));
    if (unit == nullptr) return wrong();
    total += number * unit->factor;
  }
  constexpr double kMostMs = 100.0 * 365 * 24 * 3600 * 1000;
  if (total > kMostMs) return wrong();
  return std::chrono::nanoseconds(std::llround(total * 1e6));
}

std::string duration_text(std::chrono::nanoseconds duration) {
  struct Scale {
    std::int64_t nanoseconds;
    const char* unit;
  };
  constexpr Scale kScales[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}};
  std::int64_t count = duration.count();
  if (count == 0) return "0";
  std::string whole;  // "1h30m"
  constexpr std::int64_t kMinute = 60'000'000'000;
  for (const Scale& scale : {Scale{60 * kMinute, "h"}, Scale{kMinute, "m"}}) {
    const std::int64_t units = count / scale.nanoseconds;
    if (units > 0) whole += std::to_string(units) + scale.unit;
    count %= scale.nanoseconds;
  }
  if (count == 0) return whole;
  for (const Scale& scale : kScales) {
    if (count < scale.nanoseconds) continue;
    std::string text = whole + std::to_string(count / scale.nanoseconds);
    // The remainder, with as many digits as the unit has places.
    std::string rest = std::to_string(count % scale.nanoseconds + scale.nanoseconds).substr(1);
    rest.erase(rest.find_last_not_of('0') + 1);
    return text + (rest.empty() ? "" : "." + rest) + scale.unit;
  }
  return "0";
}

Result<std::size_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  double number = 0;
  const bool has_number = take_number(rest, number);
  const Unit* unit = find_unit(kSizeUnits, take_unit(rest));
  if (!has_number || unit == nullptr || !rest.empty() || number * unit->factor >= 0x1p63) {
    return fail(ErrorKind::kInvalid,
                "`" + std::string(text) + "` is no size: write 500MB, 64MiB, 1GiB or bytes");
  }
  return static_cast<std::size_t>(number * unit->factor);
}

Result<double> parse_rate(std::string_view text) {
  std::string_view rest = text;
  double number = 0;
  const bool has_number = take_number(rest, number);
  const std::string name = take_unit(rest);
  const Unit* unit = find_unit(kRateUnits, name);
  if (has_number && unit != nullptr && rest.empty()) return number * unit->factor;
  const bool is_ambiguous = name == "bps" || name == "kbps" || name == "mbps" || name == "gbps";
  return fail(ErrorKind::kInvalid,
              "`" + std::string(text) +
                  (is_ambiguous ? "` may mean bits or bytes: write 10mbit or 1.25MB/s"
                                : "` is no rate: write 10mbit, 512kbit, 1MB/s or 512KiB/s"));
}

}  // namespace faultline
