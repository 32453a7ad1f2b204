#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline {

/// A count, and what it is said to be: "applied >= 10".
struct Comparison {
  std::string count;       ///< A number of a toxic in /v1/stats, or of a partition's effect.
  std::string comparison;  ///< "==", "!=", "<", "<=", ">" or ">=".
  double number = 0;

  bool holds_for(double value) const;
};

/// A claim about what a toxic or a partition has done: "toxic redis/slow applied >= 10",
/// "partition b-cut crossed == 0 and matched > 0".
struct Assertion {
  std::string proxy;  ///< With its toxic; or
  std::string toxic;
  std::string partition;                ///< "" is a toxic's.
  std::vector<Comparison> comparisons;  ///< All of which hold; at least one.

  /// Errors: kInvalid, saying what it should look like.
  static Result<Assertion> parse(std::string_view text);

  /// The counts of the toxic in what GET /v1/stats answers. Errors: kNotFound, there is no such
  /// proxy or toxic, with the nearest.
  Result<nlohmann::ordered_json> counts_in(const nlohmann::ordered_json& stats) const;

  /// What each comparison is about, in `counts` of the toxic, or a partition's effect. Errors:
  /// kNotFound, there is no such count, with the nearest.
  Result<std::vector<double>> values_in(const nlohmann::ordered_json& counts) const;

  enum class Verdict {
    kHolds,
    kFails,
    /// The partition has matched nothing, which the claim says nothing of: whatever it says is
    /// true, or would take something that matched.
    kInconclusive,
  };
  /// Of `counts`, and the values in it.
  Verdict verdict_of(const nlohmann::ordered_json& counts, const std::vector<double>& values) const;

  /// What is not so: "it is 3", "matched is 0 and crossed is 12".
  std::string objection(const std::vector<double>& values) const;
};

}  // namespace faultline
