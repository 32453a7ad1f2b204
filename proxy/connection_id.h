#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace faultline {

/// Names one connection for the life of the server: "3-17" is the connection
/// with the ordinal 17 on the proxy that was the third thing ever made. A proxy
/// that takes another's place, with its name, has another number, so an id never
/// comes to mean another connection.
struct ConnectionId {
  std::uint64_t proxy = 0;    ///< Never 0 for one that there is.
  std::uint64_t ordinal = 0;  ///< Its number on its proxy, from 0.

  /// By proxy, in the order they were made; then in the order of acceptance.
  auto operator<=>(const ConnectionId&) const = default;
};

std::string to_string(ConnectionId id);

/// As to_string() writes it. Errors: kInvalid.
Result<ConnectionId> parse_connection_id(std::string_view text);

}  // namespace faultline
