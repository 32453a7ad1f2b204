#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_prefix.h"
#include "base/time.h"
#include "proxy/compact_address.h"
#include "proxy/connection_view.h"

namespace faultline {

class Connection;

/// Clients by their address: a range, and maybe a port.
struct ClientPattern {
  IpPrefix prefix;
  std::optional<std::uint16_t> port{};

  /// Reads "10.1.0.0/16", "10.1.2.3", "10.1.2.3:40000", "::1", "[::1]:40000".
  /// Errors: kInvalid.
  static Result<ClientPattern> parse(std::string_view text);

  bool matches(const CompactAddress& client) const;
};

/// Which connections are asked for. What is empty asks for all.
struct ConnectionFilter {
  std::optional<std::string> proxy{};  ///< Its name; one that is not there has no connections.
  std::optional<ClientPattern> client{};
  std::optional<std::string> toxic{};  ///< A toxic of that name is in force on it.
  std::optional<ConnectionState> state{};
  Duration min_age{0};
  Duration min_idle{0};

  /// All but the proxy. On the connection's thread.
  bool matches(const Connection& connection, TimePoint now) const;
};

}  // namespace faultline
