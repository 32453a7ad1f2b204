#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faultline {

/// A request's target, taken apart.
struct Target {
  std::string authority;  ///< "host:8474" of an absolute-form target, else empty.
  std::string path;       ///< As sent, still percent-encoded: "/proxies/a%2Fb". "*" for `*`.
  std::string query;      ///< With its "?", or empty.
};

Target parse_target(std::string_view target);

/// `path` without empty, "." and ".." segments; a final "/" stays. Equal to
/// `path` if there is nothing to clean.
std::string cleaned_path(std::string_view path);

/// `text` with its "%2F"s and the like decoded. Nothing if one is broken.
std::optional<std::string> percent_decoded(std::string_view text);

/// `text` as one segment of a path: all but letters, digits and "-._~" as "%2F".
std::string percent_encoded(std::string_view text);

/// The segments between the "/"s, each percent-decoded on its own, so that a
/// name may hold "%2F". Nothing if an escape is broken. "/a/" is {"a", ""}.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

/// The names and values of a query, in order, each decoded: "?a=1&b=x+y" is
/// {{"a", "1"}, {"b", "x y"}}. Nothing if an escape is broken.
std::optional<std::vector<std::pair<std::string, std::string>>> query_parameters(
    std::string_view query);

}  // namespace faultline
