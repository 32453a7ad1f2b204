#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "toxics/attribute.h"
#include "toxics/direction.h"
#include "toxics/effects.h"
#include "toxics/sample_table.h"
#include "toxics/toxic.h"

namespace faultline {

/// One kind of toxic: what users can set, and how to build it.
struct ToxicType {
  std::string name;
  std::string summary;  ///< One sentence: what the peers see.
  std::vector<AttributeType> attributes;
  /// One stage's toxic, on the links that its effects name. `memory` outlives it;
  /// `attributes` holds one value per attribute type.
  std::unique_ptr<Toxic> (*make)(const Attributes& attributes, StageMemory& memory);
  /// Toxiproxy has it too: its API takes any value, as Toxiproxy does, ours does not.
  bool is_toxiproxys = false;
  /// What it does beside moving bytes; null: nothing. The samples outlive it.
  Effects (*effects)(const Attributes& attributes, const SampleTable* samples,
                     const Placement& placement) = nullptr;
  /// Lets no byte pass: an end of it that is counted in bytes would never come.
  bool passes_nothing = false;
  /// What this type has against values that are each within their bounds; null: nothing.
  /// Errors: kInvalid.
  std::function<Result<void>(const Attributes& attributes, const SampleTable* samples)> check{};
  /// What it does with these attributes on that stream, for people: a clause that begins
  /// small and has no full stop, "answers from the server come 200 ms late".
  std::string (*words)(const Attributes& attributes, Direction stream) = nullptr;

  /// The same, and what is wrong in the samples: all that there can be. Errors: kInvalid.
  Result<void> check_together(const Attributes& set) const;

  Effects effects_of(const Attributes& set, const SampleTable* samples,
                     const Placement& placement) const {
    return effects == nullptr ? Effects{} : effects(set, samples, placement);
  }
  /// Its links where nothing is said of its attributes. kOwn: it works on the
  /// stream that a toxic names; the others are for a whole connection.
  Links usual_links() const;
  /// The numbers in the attribute of samples; null if it has none, or it is
  /// empty. Errors: kInvalid.
  Result<std::shared_ptr<const SampleTable>> samples_of(const Attributes& set) const;

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
