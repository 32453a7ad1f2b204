#include "proxy/address_check.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "proxy/names.h"

namespace faultline {

namespace {

/// The ports of the URL schemes people paste.
std::string_view default_port(std::string_view scheme) {
  static constexpr std::pair<std::string_view, std::string_view> kPorts[] = {
      {"http", "80"},       {"https", "443"},       {"ws", "80"},         {"wss", "443"},
      {"redis", "6379"},    {"rediss", "6379"},     {"mysql", "3306"},    {"amqp", "5672"},
      {"postgres", "5432"}, {"postgresql", "5432"}, {"mongodb", "27017"}, {"amqps", "5671"}};
  for (const auto& [name, port] : kPorts) {
    if (name == scheme) return port;
  }
  return "PORT";
}

/// "db:80" for "http://user@db/path".
std::string address_in_url(std::string_view scheme, std::string_view rest) {
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  authority.remove_prefix(std::min(authority.rfind('@') + 1, authority.size()));
  const std::size_t after_brackets = std::min(authority.rfind(']') + 1, authority.size());
  std::string address(authority);
  if (authority.find(':', after_brackets) == std::string_view::npos) {
    address += ':';
    address += default_port(scheme);
  }
  return address;
}

}  // namespace

Result<void> check_address(std::string_view text) {
  const std::string quoted = "`" + std::string(text) + "`";
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return fail(ErrorKind::kInvalid,
                quoted + " is a URL; did you mean `" +
                    address_in_url(text.substr(0, scheme), text.substr(scheme + 3)) + "`?");
  }
  const auto parsed = parse_host_port(text);
  if (parsed) return {};
  const bool only_digits =
      !text.empty() &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (only_digits) {
    return fail(ErrorKind::kInvalid,
                quoted + " is only a port; did you mean `127.0.0.1:" + std::string(text) + "`?");
  }
  return Fail(parsed.error());
}

}  // namespace faultline
