#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/attribute_option.h"
#include "cli/conditions.h"
#include "proxy/spec.h"

namespace faultline {

/// A toxic to add; what is not given is the server's default.
struct NewToxic {
  std::string type;
  std::string name{};
  std::string stream{};
  std::optional<double> toxicity{};
  WrittenAttributes attributes{};
  ToxicConditions conditions{};
};

/// What to send to add it.
nlohmann::ordered_json to_json(const NewToxic& toxic);

nlohmann::ordered_json to_json(const WrittenAttributes& attributes);

/// What a server of this version makes of it. Errors: kInvalid, what it would say against it.
Result<ToxicSpec> spec_of(const NewToxic& toxic);

/// The same, for the error alone.
Result<void> check_toxic(const NewToxic& toxic);

}  // namespace faultline
