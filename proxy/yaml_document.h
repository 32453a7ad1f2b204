#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "proxy/document.h"

namespace faultline {

/// The value of a variable, or nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads one YAML document (JSON is one too, \/ and \ud83d\ude00 included) with the
/// place of every value; a value in a map has the place of its key, which is
/// where a person looks for either.
///
/// Plain scalars are typed by YAML's core schema (1.2, section 10.3.2), quoted
/// ones are text. ${NAME} and ${NAME:-default} in values, quoted or not, are
/// replaced from `environment` after parsing, so no value can change the
/// structure; a plain scalar is typed after that. Without an `environment` they stay as they are.
///
/// Errors: kInvalid, "LINE:COLUMN: what is wrong". Refused as well: a key that
/// appears twice, more than one document, nesting deeper than 64, and aliases
/// that blow up to more than a million values or 64 MiB of text.
Result<Document> parse_yaml(const std::string& text, const Environment& environment);

}  // namespace faultline
