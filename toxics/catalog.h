#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "toxics/toxic.h"

namespace faultline {

/// The value of each attribute of a toxic, in the order of its type's list.
/// Any 64-bit value is safe: toxics cut absurd ones to what makes sense.
using Attributes = std::vector<std::int64_t>;

/// One setting of a toxic type.
struct AttributeType {
  std::string name;
  std::string unit;     ///< "ms", "us", "KB/s", "bytes"; "name" for one of `choices`.
  std::string summary;  ///< One clause for people: what it does, what 0 means.
  std::int64_t default_value = 0;
  std::int64_t at_least = 0;  ///< Strict readers (the YAML file, the CLI) refuse less.
  /// What people write and read in place of the value, which is the index here.
  /// Empty for a number.
  std::vector<std::string> choices = {};

  /// The value called `name`. The error (kInvalid) says what there is. REQUIRES: choices.
  Result<std::int64_t> choice(std::string_view name) const;
  /// "`connection` or `proxy`".
  std::string choices_text() const;
  /// "100", "proxy".
  std::string text_of(std::int64_t value) const;
  /// Whether a toxic is described without this attribute. Choices are ours, not
  /// Toxiproxy's: as long as one has its default its clients see what they know.
  bool goes_without_saying(std::int64_t value) const;
};

/// One kind of toxic: what users can set, and how to build it.
struct ToxicType {
  std::string name;
  std::string summary;  ///< One sentence: what the peers see.
  std::vector<AttributeType> attributes;
  /// `memory` outlives the toxic. `attributes` holds one value per attribute type.
  std::unique_ptr<Toxic> (*make)(const Attributes& attributes, StageMemory& memory);

  Attributes default_attributes() const;
  /// Position in `attributes`, or -1. Exact name.
  int attribute_index(std::string_view attribute) const;
  std::vector<std::string> attribute_names() const;
};

/// Every toxic type there is, in the order people should read them. Validation,
/// defaults, JSON, CLI help and the docs' tables all come from here.
const std::vector<ToxicType>& toxic_catalog();

/// Null if no type has that exact name. Lives as long as the program.
const ToxicType* find_toxic_type(std::string_view name);

std::vector<std::string> toxic_type_names();

}  // namespace faultline
