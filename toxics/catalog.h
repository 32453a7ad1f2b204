#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "toxics/attribute.h"
#include "toxics/toxic.h"

namespace faultline {

/// One kind of toxic: what users can set, and how to build it.
struct ToxicType {
  std::string name;
  std::string summary;  ///< One sentence: what the peers see.
  std::vector<AttributeType> attributes;
  /// `memory` outlives the toxic. `attributes` holds one value per attribute type.
  std::unique_ptr<Toxic> (*make)(const Attributes& attributes, StageMemory& memory);
  /// Toxiproxy has it too: its API takes any value, as Toxiproxy does, ours does not.
  bool is_toxiproxys = false;

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
