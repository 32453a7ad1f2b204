#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline {

/// Who says where a proxy's connections go.
enum class Protocol {
  kTcp,          ///< The proxy: to its upstream.
  kSocks5,       ///< The client, by SOCKS 5 (RFC 1928).
  kConnect,      ///< The client, by HTTP CONNECT (RFC 9110, section 9.3.6).
  kTransparent,  ///< The address it had dialled before the kernel brought it here.
};

/// The two ways to write a PROXY header.
enum class HeaderVersion { kV1, kV2 };

/// "tcp", "socks5", "connect", "transparent".
std::string_view to_string(Protocol protocol);
/// "v1", "v2".
std::string_view to_string(HeaderVersion version);

/// As to_string() writes them; none for others.
std::optional<Protocol> parse_protocol(std::string_view text);
/// The same.
std::optional<HeaderVersion> parse_header_version(std::string_view text);

/// All protocols there are, as they are written.
std::vector<std::string> protocol_names();

/// What is said on a proxy's connections before the bytes of the peers.
struct Protocols {
  Protocol protocol = Protocol::kTcp;
  bool accepts_header = false;                  ///< Clients begin with a PROXY header.
  std::optional<HeaderVersion> sends_header{};  ///< Its upstream is sent one first.

  bool has_upstream() const { return protocol == Protocol::kTcp; }

  bool operator==(const Protocols&) const = default;
};

/// Where a proxy's connections go.
struct Route {
  std::string upstream{};  ///< Empty where its clients say it.
  Protocols protocols{};

  bool operator==(const Route&) const = default;
};

/// Whether listen address and upstream are such as the protocols need: an upstream or none,
/// and for `transparent` IP. Error: kInvalid, what to write instead; its pointer is "/listen" or
/// "/upstream".
Result<void> check_route(const Route& route, std::string_view listen);

}  // namespace faultline
