#include "toxics/attribute.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/nearest_name.h"
#include "base/quantities.h"
#include "base/time.h"

namespace faultline {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// `number` as a 64-bit integer; nothing if it is none.
std::optional<std::int64_t> whole(double number) {
  // -2^63 itself is left out too: integers below it round to it.
  if (!(std::abs(number) < 0x1p63) || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> millionths(double number) {
  return whole(std::round(number * static_cast<double>(AttributeValue::kMillion)));
}

/// How many of `unit` a text like "100ms", "64KiB" or "10mbit" is.
std::optional<double> in_unit(std::string_view text, std::string_view unit) {
  if (unit == "ms" || unit == "us") {
    const auto duration = parse_duration(text);
    if (!duration) return std::nullopt;
    return static_cast<double>(duration->count()) / (unit == "ms" ? 1e6 : 1e3);
  }
  if (unit == "bytes") {
    const auto size = parse_size(text);
    if (size) return static_cast<double>(*size);
  }
  if (unit == "KB/s") {
    const auto rate = parse_rate(text);
    if (rate) return *rate / 1000;
  }
  return std::nullopt;
}

/// `number` / `scale`, exactly. `scale` is a power of ten.
std::string decimal_text(std::int64_t number, std::uint64_t scale) {
  const std::uint64_t size =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::string text = (number < 0 ? "-" : "") + std::to_string(size / scale);
  std::string decimals = std::to_string(size % scale + scale).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return decimals.empty() ? text : text + "." + decimals;
}

std::optional<double> percent(std::string_view text) {
  if (text.empty() || text.back() != '%') return std::nullopt;
  const auto number = parse_number<double>(text.substr(0, text.size() - 1));
  if (!number) return std::nullopt;
  return *number / 100;
}

}  // namespace

Result<AttributeValue> AttributeType::parse(std::string_view text) const {
  if (quantity == Quantity::kChoice) {
    const auto word = choice(text);
    if (!word) return Fail(word.error());
    return AttributeValue(*word);
  }
  if (quantity == Quantity::kSamples) return AttributeValue(std::string(text));
  Result<AttributeValue> value = fail(ErrorKind::kInvalid, name + " must be " + description());
  if (const auto number = parse_number<std::int64_t>(text)) {
    value = from_number(*number);
  } else if (const auto fraction = parse_number<double>(text)) {
    value = from_number(*fraction);
  } else if (const auto share = percent(text); share && quantity == Quantity::kProbability) {
    value = from_number(*share);
  } else if (const auto measured = in_unit(text, unit)) {
    value = from_number(*measured);
  }
  if (!value) {
    return fail(ErrorKind::kInvalid, value.error().message + ", not `" + std::string(text) + "`");
  }
  if (const auto checked = check_bounds(*value); !checked) return Fail(checked.error());
  return value;
}

Result<AttributeValue> AttributeType::from_number(std::int64_t number) const {
  if (quantity == Quantity::kWhole) return AttributeValue(number);
  return from_number(static_cast<double>(number));
}

Result<AttributeValue> AttributeType::from_number(double number) const {
  std::optional<std::int64_t> stored;
  if (quantity == Quantity::kWhole) stored = whole(number);
  if (quantity == Quantity::kDecimal || quantity == Quantity::kProbability) {
    stored = millionths(number);
  }
  if (stored == 0 && number != 0) {
    return fail(ErrorKind::kInvalid, name + " must be 0 or at least 0.000001");
  }
  if (stored) return AttributeValue(*stored);
  return fail(ErrorKind::kInvalid, name + " must be " + description());
}

Result<void> AttributeType::check_bounds(const AttributeValue& value) const {
  const auto must = [&](const std::string& what) {
    return fail(
        ErrorKind::kInvalid,
        name + " must be " + what + ", not `" + text_of(value) + "`" +
            (quantity == Quantity::kProbability ? ": write 0.05 or \"5%\" for one in twenty" : ""));
  };
  if (is_text()) return {};
  const bool fits = value.number >= at_least && value.number <= at_most;
  if (fits) return {};
  if (at_most != INT64_MAX) return must("from " + text_of(at_least) + " to " + text_of(at_most));
  return must("at least " + text_of(at_least));
}

Result<std::int64_t> AttributeType::choice(std::string_view word) const {
  const auto found = std::find(choices.begin(), choices.end(), word);
  if (found != choices.end()) return found - choices.begin();
  return fail(ErrorKind::kInvalid, name + " must be " + choices_text() + ", not `" +
                                       std::string(word) + "`" + did_you_mean(word, choices));
}

std::string AttributeType::choices_text() const {
  std::string text;
  for (const std::string& one : choices) {
    if (!text.empty()) text += &one == &choices.back() ? " or " : ", ";
    text += "`" + one + "`";
  }
  return text;
}

std::string AttributeType::description() const {
  const std::string of_unit = unit.empty() ? "" : " of " + unit;
  switch (quantity) {
    case Quantity::kWhole:
      return "a whole number" + of_unit;
    case Quantity::kDecimal:
      return "a number" + of_unit;
    case Quantity::kProbability:
      return "a number from 0 to 1, or a percentage like \"5%\"";
    case Quantity::kChoice:
      return choices_text();
    case Quantity::kSamples:
      return "a text with numbers";
  }
  return "";
}

std::string AttributeType::text_of(const AttributeValue& value) const {
  if (quantity == Quantity::kSamples) return value.text();
  const std::int64_t number = value.number;
  const bool is_word = number >= 0 && static_cast<std::size_t>(number) < choices.size();
  if (is_word) return choices[static_cast<std::size_t>(number)];
  if (quantity == Quantity::kWhole || quantity == Quantity::kChoice) return std::to_string(number);

  return decimal_text(number, AttributeValue::kMillion);
}

bool AttributeType::needs_unit() const {
  return unit == "ms" || unit == "us" || unit == "KB/s";
}

std::string AttributeType::text_with_unit(const AttributeValue& value) const {
  const std::int64_t number = value.number;
  if (quantity == Quantity::kProbability && number >= 0) return decimal_text(number, 10'000) + "%";
  if (!needs_unit()) return text_of(value);
  const bool is_whole = quantity == Quantity::kWhole;
  if (unit == "KB/s" && is_whole && number > 0 && number % 1000 == 0) {
    return std::to_string(number / 1000) + "MB/s";
  }
  const std::int64_t unit_nanoseconds = unit == "ms" ? 1'000'000 : 1'000;
  const std::int64_t each =
      is_whole ? unit_nanoseconds : unit_nanoseconds / AttributeValue::kMillion;
  // Toxiproxy's clients may set what no parser of durations takes: below 0, and ages.
  const bool is_duration =
      unit != "KB/s" && each > 0 && number >= 0 && number <= kLongest.count() / each;
  if (!is_duration) return text_of(value) + unit;
  return number == 0 ? "0s" : duration_text(Duration(number * each));
}

}  // namespace faultline
