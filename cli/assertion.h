#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace faultline {

/// A claim about what a toxic has done: "toxic redis/slow applied >= 10".
struct Assertion {
  std::string proxy;
  std::string toxic;
  std::string count;       ///< "applied": a number of a toxic in /v1/stats.
  std::string comparison;  ///< "==", "!=", "<", "<=", ">" or ">=".
  double number = 0;

  /// Errors: kInvalid, saying what it should look like.
  static Result<Assertion> parse(std::string_view text);

  /// The count in what GET /v1/stats answers. Errors: kNotFound, there is no such
  /// proxy, toxic or count, with the nearest.
  Result<double> value_in(const nlohmann::ordered_json& stats) const;

  bool holds_for(double value) const;
};

}  // namespace faultline
