#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace faultline {

/// One value of a JSON or YAML text, with the place it stood in. Both formats
/// are read into this tree and one decoder makes specs of it, so they cannot
/// come to mean different things.
struct Document {
  using Array = std::vector<Document>;
  using Object = std::vector<std::pair<std::string, Document>>;  ///< In the order written.

  /// Null, true/false, whole number, other number, text, list, map.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value;
  int line = 0;    ///< From 1; 0 where the format does not say.
  int column = 0;  ///< From 1; 0 where the format does not say.
  /// The same as a JSON pointer (RFC 6901), "/toxics/0/name"; "" is the whole
  /// document, or where the reader does not say.
  std::string pointer{};

  bool is_null() const { return std::holds_alternative<std::monostate>(value); }
  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
};

/// "a string", "a list", "the number 5": for "listen must be a string, not a list".
std::string describe(const Document& document);

/// kInvalid about the value at `place`, "LINE:COLUMN: " first where the format has places,
/// with its pointer.
Fail wrong(const Document& place, const std::string& message);

}  // namespace faultline
