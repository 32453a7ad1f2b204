#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "proxy/document.h"

namespace faultline {

/// How deep lists and maps may be nested.
inline constexpr int kJsonDepth = 64;

/// How many values our own API takes in one document, lists and maps counted too.
inline constexpr std::size_t kJsonValues = 100'000;

/// ... and how many keys one map may have.
inline constexpr std::size_t kJsonKeys = 1000;

/// Reads the first JSON value in `text`, as Toxiproxy does: what follows it is
/// ignored, invalid UTF-8 and lone surrogates become U+FFFD. Whole numbers
/// outside 64 bits become doubles. The documents have no line or column.
/// Errors: kInvalid, "bad request body: " and what is wrong ("EOF" for an
/// empty text, "unexpected EOF" for one that is cut off).
Result<Document> parse_json(std::string_view text);

/// Reads `text`, which must be one JSON value (RFC 8259) and nothing else, in UTF-8,
/// with no key twice in a map. The documents have pointers. Errors: kMalformed.
Result<Document> parse_strict_json(std::string_view text);

}  // namespace faultline
