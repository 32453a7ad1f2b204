#include "proxy/destination.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/names.h"

namespace faultline {

namespace {

constexpr std::size_t kMostHost = 255;

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered_text(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lowered);
  return result;
}

bool is_host_name(std::string_view text) {
  const auto may_be_in_one = [](char c) {
    const char l = lowered(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= kMostHost && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), may_be_in_one);
}

bool is_ipv6_literal(std::string_view text) {
  std::array<char, sizeof(in6_addr)> bytes{};
  return text.size() < INET6_ADDRSTRLEN &&
         inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) == 1;
}

/// 0 if it is none.
std::uint16_t port_from(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  return parsed.ec == std::errc() && parsed.ptr == end ? port : 0;
}

/// Without the dot that says that it is a whole name.
std::string_view without_root(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

/// Whether `text` was meant to be an address or a prefix.
bool looks_like_address(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos ||
         text.find_first_of("/:") != std::string_view::npos;
}

bool is_host_named(std::string_view host, std::string_view name) {
  if (name == "*") return true;
  host = without_root(host);
  const bool is_suffix = name.starts_with('*');
  if (is_suffix) name.remove_prefix(1);
  if (is_suffix ? host.size() <= name.size() : host.size() != name.size()) return false;
  return std::equal(name.rbegin(), name.rend(), host.rbegin(),
                    [](char x, char y) { return x == lowered(y); });
}

}  // namespace

Destination destination_of(std::string_view text) {
  const Result<HostPort> where = parse_host_port(text);
  if (!where || where->is_unix) return {};
  Destination destination{.port = where->port};
  destination.host = text.substr(text.find(where->host), where->host.size());
  const bool is_any = where->host.empty() || where->host == "0.0.0.0" || where->host == "::";
  std::array<char, sizeof(in6_addr)> ip{};
  const bool is_literal = inet_pton(AF_INET, where->host.c_str(), ip.data()) == 1 ||
                          inet_pton(AF_INET6, where->host.c_str(), ip.data()) == 1;
  if (!is_literal || is_any) return destination;
  const auto addresses = addresses_of(*where, {});
  if (addresses) destination.address = CompactAddress(addresses->front());
  return destination;
}

Result<std::string> destination_text(std::string_view host, std::uint16_t port) {
  if (port == 0) return fail(ErrorKind::kInvalid, "the destination's port is no port");
  const std::string end = ":" + std::to_string(port);
  if (is_ipv6_literal(host)) return "[" + std::string(host) + "]" + end;
  // "unix:80" would be a file; the dot of the root makes it a name again.
  if (host == "unix") return "unix." + end;
  if (is_host_name(host)) return std::string(host) + end;
  return fail(ErrorKind::kInvalid, "the destination is no host");
}

Result<DestinationPattern> DestinationPattern::parse(std::string_view text) {
  const auto quoted = "`" + std::string(text) + "`";
  DestinationPattern pattern;
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  const std::size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    const bool is_whole = end == text.size() - 1;
    if (end == std::string_view::npos || (!is_whole && text[end + 1] != ':')) {
      return fail(ErrorKind::kInvalid, quoted + " is no destination: write [fd00::/8]:5432");
    }
    host = text.substr(1, end - 1);
    has_port = !is_whole;
    if (has_port) port = text.substr(end + 2);
  } else if (colon != std::string_view::npos && !IpPrefix::parse(text)) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
    if (host.find(':') != std::string_view::npos) {
      const auto whole = IpPrefix::parse(text);
      return IpPrefix::parse(host) && port_from(port) != 0
                 ? fail(ErrorKind::kInvalid,
                        quoted + ": an IPv6 prefix with a port needs brackets: " + "[" +
                            std::string(host) + "]:" + std::string(port))
                 : Fail(whole.error());
    }
  }
  if (has_port) {
    pattern.port_ = port_from(port);
    if (*pattern.port_ == 0) {
      return fail(ErrorKind::kInvalid, quoted + ": `" + std::string(port) +
                                           "` is no port: it is a number from 1 to 65535");
    }
  }
  if (text.starts_with('[') || looks_like_address(host)) {
    const auto prefix = IpPrefix::parse(host);
    if (!prefix) return Fail(prefix.error());
    pattern.prefix_ = *prefix;
    return pattern;
  }
  pattern.name_ = lowered_text(without_root(host));
  const std::string_view name = pattern.name_;
  if (name == "*" && !has_port) {
    return fail(ErrorKind::kInvalid, quoted + " is every destination: leave it out");
  }
  if (name == "*" || is_host_name(name.substr(name.starts_with("*.") ? 2 : 0))) return pattern;
  return fail(ErrorKind::kInvalid,
              quoted + " is no destination: it is a prefix like 10.2.0.0/16, or a name like " +
                  "db1 or *.cache.internal, with or without :PORT");
}

std::string DestinationPattern::text() const {
  const std::string end = port_ ? ":" + std::to_string(*port_) : "";
  if (!prefix_) return name_ + end;
  const bool has_brackets = port_ && prefix_->family() == IpPrefix::Family::kIpv6;
  return has_brackets ? "[" + prefix_->text() + "]" + end : prefix_->text() + end;
}

bool DestinationPattern::covers(const Destination& destination) const {
  const bool is_ip = destination.address.is_ip();
  const std::uint16_t port =
      destination.port != 0 || !is_ip ? destination.port : destination.address.port();
  if (port_ && *port_ != port) return false;
  if (prefix_) return is_ip && prefix_->contains(*destination.address.address().get());
  return is_host_named(destination.host, name_);
}

bool covers(const std::vector<DestinationPattern>& patterns, const Destination& destination) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const DestinationPattern& pattern) {
    return pattern.covers(destination);
  });
}

}  // namespace faultline
