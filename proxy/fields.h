#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/document.h"
#include "proxy/spec_decoder.h"

namespace faultline {

/// Of ASCII's letters: others are compared byte by byte.
bool same_ignoring_case(std::string_view a, std::string_view b);

/// kInvalid about the type of the value at `place`, in the words of the dialect.
Fail wrong_type(const Document& place, Dialect dialect, const std::string& message);

/// In our own API a number of what has a unit is refused: kInvalid, with what to
/// write instead. `number` is how `attribute` would read the bare number at `place`.
Result<void> check_unit(const Document& place, const AttributeType& attribute,
                        const AttributeValue& number, Dialect dialect);

/// A share of all, written "30%" or as a number from 0 to 1; `name` is what errors
/// call it. Errors: kInvalid.
Result<double> decode_share(const Document& document, const std::string& name, Dialect dialect);

class Fields;

/// The index of the word at `key` among `words`; none if the key is absent. Errors: kInvalid.
Result<std::optional<std::size_t>> decode_word(const Fields& fields, const std::string& key,
                                               const std::vector<std::string>& words,
                                               Dialect dialect);

/// The keys and values of one map.
class Fields {
 public:
  /// `noun` is what the map describes, e.g. "a proxy". Null is a map without keys.
  /// `document` outlives the fields. Errors: kInvalid.
  static Result<Fields> of(const Document& document, Dialect dialect, const std::string& noun,
                           const std::vector<std::string>& known);

  /// Null if the key is absent or all its values are null; else the last value that is not.
  const Document* find(std::string_view key) const;

  /// The value of `key` if it is there and null; a null pointer if not.
  const Document* find_null(std::string_view key) const;

  /// Nothing if the key is absent. Errors: kInvalid, it is no string.
  Result<std::optional<std::string>> text(const std::string& key) const;

  /// Nothing if the key is absent. Toxiproxy's clients may write "true" and
  /// "false" as strings. Errors: kInvalid, it is neither.
  Result<std::optional<bool>> truth(const std::string& key) const;

 private:
  Fields(const Document::Object* object, Dialect dialect) : object_(object), dialect_(dialect) {}

  bool is_named(std::string_view name, std::string_view key) const;
  Result<void> check_keys(const std::vector<std::string>& known) const;

  const Document::Object* object_;  ///< Null for a null document. Outlives this.
  Dialect dialect_;
};

}  // namespace faultline
