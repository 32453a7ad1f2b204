#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "proxy/document.h"

namespace faultline {

/// What a placeholder stands for: a text, or a list of them.
using TimelineValue = std::variant<std::string, std::vector<std::string>>;
/// By its name.
using TimelineValues = std::map<std::string, TimelineValue>;

/// The placeholders of a document, with what each stands for where it is not given.
using TimelinePlaceholders = std::map<std::string, std::optional<std::string>>;

/// Those in the texts of `document`, keys left out: ${name}, ${name:-default}. Errors (kInvalid):
/// one that is not closed, or names nothing.
Result<TimelinePlaceholders> placeholders_in(const Document& document);

/// `document` with its placeholders replaced. A list may stand for a whole value, or among others
/// in a list. Errors (kInvalid, at their place): one is not given and has no default; a list where
/// there can be none; more than 1 MiB is filled in.
Result<Document> with_values(const Document& document, const TimelineValues& values);

}  // namespace faultline
