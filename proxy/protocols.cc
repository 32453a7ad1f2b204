#include "proxy/protocols.h"

#include <algorithm>
#include <array>
#include <utility>

namespace faultline {

namespace {

constexpr std::array<std::pair<Protocol, std::string_view>, 4> kProtocols = {
    {{Protocol::kTcp, "tcp"},
     {Protocol::kSocks5, "socks5"},
     {Protocol::kConnect, "connect"},
     {Protocol::kTransparent, "transparent"}}};

constexpr std::array<std::pair<HeaderVersion, std::string_view>, 2> kVersions = {
    {{HeaderVersion::kV1, "v1"}, {HeaderVersion::kV2, "v2"}}};

template <class Words, class Value>
std::string_view word_of(const Words& words, Value value) {
  for (const auto& [known, word] : words) {
    if (known == value) return word;
  }
  return "";
}

/// Of no enumerator of `Words` if there is no such word.
template <class Words>
auto value_of(const Words& words, std::string_view text)
    -> std::optional<std::decay_t<decltype(words.front().first)>> {
  for (const auto& [value, word] : words) {
    if (word == text) return value;
  }
  return std::nullopt;
}

Fail wrong_at(const std::string& pointer, const std::string& message) {
  return Fail(Error{ErrorKind::kInvalid, message, pointer});
}

}  // namespace

std::string_view to_string(Protocol protocol) {
  return word_of(kProtocols, protocol);
}

std::string_view to_string(HeaderVersion version) {
  return word_of(kVersions, version);
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  return value_of(kProtocols, text);
}

std::optional<HeaderVersion> parse_header_version(std::string_view text) {
  return value_of(kVersions, text);
}

std::vector<std::string> protocol_names() {
  std::vector<std::string> names;
  for (const auto& [protocol, name] : kProtocols) names.emplace_back(name);
  return names;
}

Result<void> check_route(const Route& route, std::string_view listen) {
  const Protocols& protocols = route.protocols;
  const std::string name(to_string(protocols.protocol));
  if (protocols.has_upstream()) {
    if (route.upstream.empty()) return wrong_at("/upstream", "missing required field: upstream");
    return {};
  }
  if (!route.upstream.empty()) {
    const std::string who = protocols.protocol == Protocol::kTransparent
                                ? "connections go where their clients had dialled"
                                : "each client says where its connection goes";
    return wrong_at("/upstream", "protocol `" + name + "` takes no upstream, " + who +
                                     ": leave upstream out, or use protocol `tcp`");
  }
  if (protocols.protocol == Protocol::kTransparent && listen.starts_with("unix:")) {
    return wrong_at("/listen",
                    "protocol `transparent` needs a TCP port to redirect connections to, not a "
                    "unix socket");
  }
  return {};
}

}  // namespace faultline
