#include "proxy/fields.h"

#include <algorithm>
#include <set>

#include "base/nearest_name.h"

namespace faultline {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

Fail wrong_type(const Document& place, Dialect dialect, const std::string& message) {
  return wrong(place, (dialect == Dialect::kToxiproxy ? "bad request body: " : "") + message);
}

Result<void> check_unit(const Document& place, const AttributeType& attribute,
                        const AttributeValue& number, Dialect dialect) {
  if (dialect != Dialect::kV1 || !attribute.needs_unit()) return {};
  return wrong(place, attribute.name + " needs a unit: write \"" +
                          attribute.text_with_unit(number) + "\" for " + describe(place) + " of " +
                          attribute.unit);
}

Result<double> decode_share(const Document& document, const std::string& name, Dialect dialect) {
  const AttributeType share{.name = name,
                            .unit = "share",
                            .summary = "",
                            .at_most = AttributeValue::kMillion,
                            .quantity = Quantity::kProbability};
  Result<AttributeValue> value = wrong_type(
      document, dialect, name + " must be " + share.description() + ", not " + describe(document));
  if (const auto* whole = document.as<std::int64_t>()) value = share.from_number(*whole);
  if (const auto* number = document.as<double>()) value = share.from_number(*number);
  if (const auto* text = document.as<std::string>()) value = share.parse(*text);
  if (value) {
    if (const auto fits = share.check_bounds(*value); !fits) value = Fail(fits.error());
  }
  if (!value) return wrong_type(document, dialect, value.error().message);
  return value->decimal();
}

Result<Fields> Fields::of(const Document& document, Dialect dialect, const std::string& noun,
                          const std::vector<std::string>& known) {
  const auto* object = document.as<Document::Object>();
  if (object == nullptr && !document.is_null()) {
    return wrong_type(document, dialect, noun + " must be a map, not " + describe(document));
  }
  const Fields fields(object, dialect);
  if (object != nullptr && is_strict(dialect)) {
    if (auto checked = fields.check_keys(known); !checked) return Fail(checked.error());
  }
  return fields;
}

const Document* Fields::find(std::string_view key) const {
  const Document* found = nullptr;
  if (object_ == nullptr) return found;
  for (const auto& [name, value] : *object_) {
    if (is_named(name, key) && !value.is_null()) found = &value;
  }
  return found;
}

const Document* Fields::find_null(std::string_view key) const {
  if (object_ == nullptr || find(key) != nullptr) return nullptr;
  for (const auto& [name, value] : *object_) {
    if (is_named(name, key)) return &value;
  }
  return nullptr;
}

bool Fields::is_named(std::string_view name, std::string_view key) const {
  return is_strict(dialect_) ? name == key : same_ignoring_case(name, key);
}

Result<std::optional<std::string>> Fields::text(const std::string& key) const {
  const Document* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->as<std::string>()) return *text;
  return wrong_type(*value, dialect_, key + " must be a string, not " + describe(*value));
}

Result<std::optional<bool>> Fields::truth(const std::string& key) const {
  const Document* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* truth = value->as<bool>()) return *truth;
  const auto* text = value->as<std::string>();
  if (text != nullptr && dialect_ == Dialect::kToxiproxy) {
    if (same_ignoring_case(*text, "true")) return true;
    if (same_ignoring_case(*text, "false")) return false;
  }
  return wrong_type(*value, dialect_, key + " must be true or false, not " + describe(*value));
}

Result<void> Fields::check_keys(const std::vector<std::string>& known) const {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : *object_) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return wrong(value, "unknown key `" + key + "`" + did_you_mean(key, known));
    }
    if (!seen.insert(key).second) return wrong(value, "key `" + key + "` is given twice");
    if (value.is_null() && dialect_ == Dialect::kV1) {
      return wrong(value, key + " is null: give it a value, or leave it out");
    }
  }
  return {};
}

Result<std::optional<std::size_t>> decode_word(const Fields& fields, const std::string& key,
                                               const std::vector<std::string>& words,
                                               Dialect dialect) {
  const Document* value = fields.find(key);
  if (value == nullptr) return std::nullopt;
  const auto* text = value->as<std::string>();
  if (text != nullptr) {
    const auto found = std::find(words.begin(), words.end(), *text);
    if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  }
  std::string choices;
  for (const std::string& word : words) {
    if (!choices.empty()) choices += &word == &words.back() ? " or " : ", ";
    choices += "`" + word + "`";
  }
  return wrong_type(*value, dialect,
                    key + " must be " + choices + ", not " +
                        (text == nullptr ? describe(*value) : "`" + *text + "`") +
                        did_you_mean(text == nullptr ? "" : *text, words));
}

}  // namespace faultline
