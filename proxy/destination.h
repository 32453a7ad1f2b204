#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_prefix.h"
#include "base/result.h"
#include "proxy/compact_address.h"

namespace faultline {

/// Where a connection goes, as far as that is known.
struct Destination {
  std::string_view host{};   ///< As it was asked for; "" is not known, or this machine.
  std::uint16_t port = 0;    ///< 0: not known, or none.
  CompactAddress address{};  ///< What was dialled, or will be as `host` is an address itself.
};

/// What HOST:PORT says; nothing of what is none. Points into `text`.
Destination destination_of(std::string_view text);

/// HOST:PORT of what a client has asked for: a host name, or an IP address
/// (IPv6 without brackets). Error (kInvalid): it is neither, or the port is 0.
Result<std::string> destination_text(std::string_view host, std::uint16_t port);

/// Some of the places that connections go to: "10.2.0.0/16:5432", "10.2.0.0/16",
/// "[fd00::/8]:5432", "fd00::/8", "*.cache.internal", "db1:5432", "*:5432".
class DestinationPattern {
 public:
  /// Errors (kInvalid) name the text, and the fix where there is one.
  static Result<DestinationPattern> parse(std::string_view text);

  /// As parse() takes it.
  std::string text() const;

  /// Prefixes are for addresses, names for the host as it was asked for. False
  /// where it hangs on what is not known.
  bool covers(const Destination& destination) const;

  bool operator==(const DestinationPattern&) const = default;

 private:
  std::optional<IpPrefix> prefix_;
  std::string name_;  // "*.x" is all below x, "*" any; in lower case. Unused with a prefix.
  std::optional<std::uint16_t> port_;
};

/// Whether one of them does.
bool covers(const std::vector<DestinationPattern>& patterns, const Destination& destination);

}  // namespace faultline
