#include "cli/attribute_option.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/file_contents.h"
#include "base/nearest_name.h"

namespace faultline {

namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Fail no_value(const AttributeType& attribute) {
  std::string examples;
  for (const std::string& choice : attribute.choices) {
    examples += (examples.empty() ? "" : " or ") + attribute.name + "=" + choice;
  }
  if (attribute.quantity == Quantity::kSamples) examples = attribute.name + "=@FILE";
  if (examples.empty()) examples = attribute.name + "=NUMBER (" + attribute.unit + ")";
  return fail(ErrorKind::kInvalid, "`" + attribute.name + "` has no value: write " + examples);
}

Result<WrittenValue> parse_value(const AttributeType& attribute, const std::string& text) {
  const auto value = attribute.parse(text);
  if (!value) return Fail(value.error());
  if (attribute.is_text()) return attribute.text_of(*value);
  if (attribute.quantity == Quantity::kWhole) return value->number;
  return value->decimal();
}

}  // namespace

Result<const ToxicType*> toxic_type_named(const std::string& name) {
  if (const ToxicType* type = find_toxic_type(name)) return type;
  const std::string nearest = nearest_name(name, toxic_type_names());
  std::string message = "no toxic type `" + name + "`";
  if (const ToxicType* meant = find_toxic_type(nearest)) {
    message += "; did you mean `" + nearest + "`? attributes: " + list_of(meant->attribute_names());
  } else {
    message += "; there are " + list_of(toxic_type_names());
  }
  return fail(ErrorKind::kInvalid, message);
}

Result<AttributeSetting> parse_setting(const ToxicType& type, const std::string& option) {
  const std::vector<std::string> names = type.attribute_names();
  const std::size_t equals = option.find('=');
  const std::string name = option.substr(0, equals);
  const int index = type.attribute_index(name);
  if (index < 0) {
    const std::string nearest = nearest_name(name, names);
    return fail(ErrorKind::kInvalid,
                "`" + type.name + "` has no attribute `" + name + "`" +
                    (nearest.empty() ? ";" : "; did you mean `" + nearest + "`?") +
                    " attributes: " + list_of(names));
  }
  const AttributeType& attribute = type.attributes[static_cast<std::size_t>(index)];
  if (equals == std::string::npos) return no_value(attribute);
  std::string value = option.substr(equals + 1);
  if (attribute.quantity == Quantity::kSamples && value.starts_with('@')) {
    const std::string path = value.substr(1);
    auto samples = file_contents(path);
    if (!samples) return within(attribute.name + ": `" + path + "`", samples.error());
    value = *std::move(samples);
  }
  return AttributeSetting{&attribute, std::move(value)};
}

Result<WrittenAttributes> parse_attributes(const ToxicType& type,
                                           const std::vector<std::string>& options) {
  WrittenAttributes values;
  for (const std::string& option : options) {
    const auto setting = parse_setting(type, option);
    if (!setting) return Fail(setting.error());
    auto value = parse_value(*setting->attribute, setting->value);
    if (!value) return Fail(value.error());
    values[setting->attribute->name] = *std::move(value);
  }
  return values;
}

Result<double> parse_toxicity(const std::string& text) {
  const auto number = parse_number<double>(text);
  if (number && *number >= 0 && *number <= 1) return *number;
  return fail(ErrorKind::kInvalid, "toxicity should be a float between 0 and 1.");
}

}  // namespace faultline
