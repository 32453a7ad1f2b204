#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace faultline {

/// What a setting of a toxic is, and so how people write it.
enum class Quantity {
  kWhole,        ///< A whole number of its unit: 100, "100ms" where the unit is ms.
  kDecimal,      ///< The same, to six decimal places: 0.25, "250us".
  kProbability,  ///< 0 to 1, or "5%"; to six decimal places.
  kChoice,       ///< A word, one of some.
  kSamples,      ///< A text full of numbers: see SampleTable.
};

/// One value of one attribute. What its number counts depends on the quantity:
/// units (kWhole), millionths (kDecimal, kProbability), the index of the word
/// (kChoice). Samples are in text(), which is empty everywhere else. Copies share
/// them: they may be megabytes, and a toxic is copied with each step of a pulse.
struct AttributeValue {
  AttributeValue(std::int64_t value = 0) : number(value) {}
  explicit AttributeValue(std::string samples)
      : text_(std::make_shared<const std::string>(std::move(samples))) {}

  static constexpr std::int64_t kMillion = 1'000'000;
  double decimal() const { return static_cast<double>(number) / kMillion; }
  /// Of a word's index.
  template <class Enum>
  Enum as() const {
    return static_cast<Enum>(number);
  }

  const std::string& text() const {
    static const std::string kNone;
    return text_ == nullptr ? kNone : *text_;
  }

  bool operator==(const AttributeValue& other) const {
    return number == other.number && (text_ == other.text_ || text() == other.text());
  }

  std::int64_t number = 0;

 private:
  std::shared_ptr<const std::string> text_;
};

/// The value of each attribute of a toxic, in the order of its type's list.
/// Any 64-bit number is safe: toxics cut absurd ones to what makes sense.
using Attributes = std::vector<AttributeValue>;

/// One setting of a toxic type.
struct AttributeType {
  std::string name;
  std::string unit;     ///< "ms", "us", "KB/s", "bytes"; "name" for a choice; may be empty.
  std::string summary;  ///< One clause for people: what it does, what 0 means.
  /// As it is stored: kMillion times as much where that counts millionths.
  std::int64_t default_value = 0;
  std::int64_t at_least = 0;         ///< As it is stored. Strict readers refuse less,
  std::int64_t at_most = INT64_MAX;  ///< and more.
  Quantity quantity = Quantity::kWhole;
  std::vector<std::string> choices = {};  ///< The words of a kChoice. Empty for others.
  /// Ours, in a type of Toxiproxy's: not shown at its default, and always bounded.
  bool is_extra = false;

  /// The value that `text` stands for, within its bounds: "100", "1.5s", "5%",
  /// "proxy". Errors: kInvalid, saying what fits, with the attribute's name.
  Result<AttributeValue> parse(std::string_view text) const;
  /// The value that a bare number stands for; its bounds are not checked. One that would be
  /// stored as 0 and is not 0 is refused: it would be answered with no fault. Errors: kInvalid.
  Result<AttributeValue> from_number(std::int64_t number) const;
  Result<AttributeValue> from_number(double number) const;
  /// Errors: kInvalid.
  Result<void> check_bounds(const AttributeValue& value) const;

  /// The index of a word. The error (kInvalid) says what there is. REQUIRES: choices.
  Result<std::int64_t> choice(std::string_view word) const;
  /// "`connection` or `proxy`".
  std::string choices_text() const;
  /// "a whole number of ms": what a value must be.
  std::string description() const;
  /// "100", "0.05", "proxy", and samples as they are.
  std::string text_of(const AttributeValue& value) const;
  /// The same with its unit where it has one: "100ms", "1MB/s", "5%"; "12" where it has none.
  std::string text_with_unit(const AttributeValue& value) const;
  /// Whether a bare number of it can be taken for another unit: of times and rates.
  bool needs_unit() const;
  /// Whether JSON writes its values as strings.
  bool is_text() const { return quantity == Quantity::kChoice || quantity == Quantity::kSamples; }
  /// Whether a toxic is described without this attribute: words, samples and
  /// extras at their default, so Toxiproxy's clients see what they know.
  bool goes_without_saying(const AttributeValue& value) const {
    return (is_text() || is_extra) && value == default_value;
  }
};

}  // namespace faultline
