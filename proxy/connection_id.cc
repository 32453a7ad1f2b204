#include "proxy/connection_id.h"

#include <charconv>
#include <optional>

namespace faultline {

namespace {

/// A number in one spelling only: digits, no zero in front.
std::optional<std::uint64_t> plain_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || stop != end || error != std::errc()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

std::string to_string(ConnectionId id) {
  return std::to_string(id.proxy) + "-" + std::to_string(id.ordinal);
}

Result<ConnectionId> parse_connection_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto proxy = plain_number(text.substr(0, dash));
    const auto ordinal = plain_number(text.substr(dash + 1));
    if (proxy && ordinal) return ConnectionId{*proxy, *ordinal};
  }
  return fail(ErrorKind::kInvalid,
              "`" + std::string(text) + "` is not the id of a connection, such as 3-17");
}

}  // namespace faultline
