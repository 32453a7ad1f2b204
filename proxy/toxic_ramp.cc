#include "proxy/toxic_ramp.h"

#include <cmath>
#include <string>

namespace faultline {

namespace {

/// A ramped number as attributes store it.
AttributeValue stored(const AttributeType& type, double value) {
  const double unit = type.quantity == Quantity::kWhole ? 1 : 1.0 / AttributeValue::kMillion;
  const auto exact = type.from_number(std::round(value / unit) * unit);
  return exact.value_or(AttributeValue(type.default_value));  // Its ends were checked.
}

/// "from", "to" or "at 12": what people know a step by.
std::string name_of(const ToxicSpec& toxic, std::uint64_t step) {
  const ToxicRamp& ramp = *toxic.timing.ramp;
  if (step == ramp.values.last_step()) return "to";
  if (step == 0) return "from";
  const auto index = static_cast<std::size_t>(ramp.attribute);
  return "at " + toxic.type->attributes[index].text_of(attributes_at(toxic, step)[index]);
}

}  // namespace

Attributes attributes_at(const ToxicSpec& toxic, std::uint64_t step) {
  Attributes attributes = toxic.attributes;
  if (const auto& ramp = toxic.timing.ramp) {
    const auto index = static_cast<std::size_t>(ramp->attribute);
    attributes[index] = stored(toxic.type->attributes[index], ramp->values.value_at_step(step));
  }
  return attributes;
}

std::vector<std::uint64_t> telling_steps(const ToxicSpec& toxic) {
  const std::uint64_t last = toxic.timing.ramp ? toxic.timing.ramp->values.last_step() : 0;
  std::vector<std::uint64_t> steps = {0};
  if (last > 0) steps.push_back(last);
  if (last > 1) steps.push_back(1);
  if (last > 2) steps.push_back(last - 1);
  return steps;
}

Result<void> check_together(const ToxicSpec& toxic) {
  if (!toxic.timing.ramp) return toxic.type->check_together(toxic.attributes);
  for (const std::uint64_t step : telling_steps(toxic)) {
    const auto checked = toxic.type->check_together(attributes_at(toxic, step));
    if (!checked) return within("ramp: " + name_of(toxic, step), checked.error());
  }
  return {};
}

}  // namespace faultline
