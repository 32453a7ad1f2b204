#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faultline {

/// Amounts as people read them.

/// "7", "2,400", "1,000,000".
std::string grouped(std::uint64_t number);

/// "no connections", "1 connection", "2,400 connections".
std::string amount_of(std::uint64_t number, const std::string& noun);

/// "a, b", "a, b and 3 more".
std::string few_in_words(const std::vector<std::string>& words, std::size_t most);

/// "0 B", "812 B", "1.2 kB", "48 kB", "3.4 MB".
std::string short_bytes(std::uint64_t bytes);

/// "0.4 ms", "18 ms", "2.0 s".
std::string milliseconds_in_words(double milliseconds);

/// The time until `rfc3339`, whole seconds, with a unit: "9m58s"; "0" when it has passed, ""
/// if it is no time.
std::string time_left(const std::string& rfc3339);

/// The time from one moment to the other, both as RFC 3339, as "1m5s"; "" if one is no time.
std::string time_between(const std::string& from, const std::string& to);

}  // namespace faultline
