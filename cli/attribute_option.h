#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "toxics/catalog.h"

namespace faultline {

/// A value as the API takes it: a number, or a text.
using WrittenValue = std::variant<std::int64_t, double, std::string>;
using WrittenAttributes = std::map<std::string, WrittenValue>;

/// The toxic type `name`. The error (kInvalid) names the nearest type and its attributes.
Result<const ToxicType*> toxic_type_named(const std::string& name);

/// One attribute and what it is set to.
struct AttributeSetting {
  const AttributeType* attribute;
  std::string value;  ///< As written; of samples that are "@FILE", what is in the file.
};

/// Takes apart "latency=100", of `type`; whether the value is right is not looked at.
/// Errors: kInvalid, the type has no such attribute (with the nearest), or there is no "=".
Result<AttributeSetting> parse_setting(const ToxicType& type, const std::string& option);

/// Each of `options`, "latency=100", as a name and a value of `type`. Numbers
/// may be written 10.0 or 1e3, or with a unit: "1.5s", "5%", "10mbit". A value
/// of samples may be "@FILE", to read them from there. Errors: kInvalid, saying
/// what fits.
Result<WrittenAttributes> parse_attributes(const ToxicType& type,
                                           const std::vector<std::string>& options);

/// A number from 0 to 1. Errors: kInvalid.
Result<double> parse_toxicity(const std::string& text);

}  // namespace faultline
