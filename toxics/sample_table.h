#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline {

/// Numbers that came as text: measured delays, a netem distribution table, a
/// link trace. Large, and never changed, so that links can share one.
class SampleTable {
 public:
  static constexpr std::size_t kMostNumbers = 1'000'000;

  /// Reads 1 to kMostNumbers finite numbers with a decimal point.
  ///
  /// - Blanks and line ends separate numbers. A line that begins with # is a
  ///   comment, an empty one is nothing. A byte order mark and CR do no harm.
  /// - A comma or semicolon separates columns, and of several nobody has said
  ///   which one counts: refused. One at the end of a line does no harm, and in
  ///   a text of one line they separate as blanks do: "10, 12, 15" is a list.
  /// - The first line may be a CSV's header: it is skipped if it begins with
  ///   neither a number nor what looks like a wrong one (a digit, sign or point).
  ///
  /// Errors are kInvalid, and name the line and what stands there.
  static Result<SampleTable> parse(std::string_view text);

  /// At least one.
  const std::vector<double>& in_order() const { return in_order_; }
  const std::vector<double>& sorted() const { return sorted_.empty() ? in_order_ : sorted_; }

 private:
  explicit SampleTable(std::vector<double> numbers);

  std::vector<double> in_order_;
  std::vector<double> sorted_;  // Empty if in_order_ is sorted.
};

}  // namespace faultline
