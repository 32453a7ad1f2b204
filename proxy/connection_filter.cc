#include "proxy/connection_filter.h"

#include "proxy/connection.h"

namespace faultline {

Result<ClientPattern> ClientPattern::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid, "`" + std::string(text) +
                                         "` is no address of clients, such as 10.1.0.0/16, " +
                                         "127.0.0.1 or 127.0.0.1:40000");
  };
  constexpr auto kNone = std::string_view::npos;
  const bool is_range = text.find('/') != kNone;
  const std::size_t colon = text.find(':');
  const bool has_one_colon = colon != kNone && colon == text.rfind(':');  // Else it is IPv6.
  if (is_range || !(text.starts_with('[') || has_one_colon)) {
    const Result<IpPrefix> prefix = IpPrefix::parse(text);
    if (!prefix && is_range) return Fail(prefix.error());
    if (!prefix) return wrong();
    return ClientPattern{*prefix};
  }
  const Result<HostPort> where = parse_host_port(text);
  if (!where || where->port == 0) return wrong();
  const Result<IpPrefix> prefix = IpPrefix::parse(where->host);
  if (!prefix) return wrong();
  return ClientPattern{*prefix, where->port};
}

bool ClientPattern::matches(const CompactAddress& client) const {
  if (!client.is_ip() || (port && *port != client.port())) return false;
  return prefix.contains(*client.address().get());
}

bool ConnectionFilter::matches(const Connection& connection, TimePoint now) const {
  if (client && !client->matches(connection.client())) return false;
  if (state && *state != connection.state()) return false;
  // It may have opened, or read, since `now`.
  if (min_age > Duration(0) && now - connection.opened() < min_age) return false;
  if (min_idle > Duration(0) && now - connection.last_read() < min_idle) return false;
  return !toxic || connection.meets(*toxic, now);
}

}  // namespace faultline
