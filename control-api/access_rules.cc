#include "control-api/access_rules.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "control-api/http_message.h"

namespace faultline {

namespace {

/// The name in "NAME:PORT", "NAME." or "[IPV6]:PORT"; brackets stay.
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  host = host.substr(0, host.rfind(':'));
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  return host;
}

bool is_ip_literal(std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (!host.empty() && host.front() == '[') {
    std::string inside(host.substr(1, host.size() - 2));
    inside.resize(std::min(inside.size(), inside.find('%')));  // "fe80::1%eth0"
    return inet_pton(AF_INET6, inside.c_str(), address.data()) == 1;
  }
  return inet_pton(AF_INET, std::string(host).c_str(), address.data()) == 1;
}

bool ends_with_but_case(std::string_view text, std::string_view end) {
  return text.size() > end.size() && same_but_case(text.substr(text.size() - end.size()), end);
}

bool lists(const std::vector<std::string>& allowed, std::string_view value) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    return entry == "*" || same_but_case(entry, value);
  });
}

}  // namespace

std::optional<std::string> AccessRules::refusal(const std::string* host,
                                                const std::string* origin) const {
  if (origin != nullptr && !lists(options_.allowed_origins, *origin)) {
    return "requests of the web page " + *origin +
           " are refused; allow them with control.allowed_origins or --allow-origin";
  }
  if (host == nullptr || host->empty()) return std::nullopt;
  const std::string_view name = without_port(*host);
  if (is_local(name) || lists(options_.allowed_hosts, name)) return std::nullopt;
  return "host " + std::string(name) +
         " is not a name of this server; allow it with control.allowed_hosts or --allow-host";
}

bool AccessRules::is_local(std::string_view host) const {
  if (is_ip_literal(host)) return true;
  if (host.empty() || host.front() == '[') return false;
  if (same_but_case(host, "localhost") || ends_with_but_case(host, ".localhost")) return true;
  if (same_but_case(host, options_.bound_host)) return true;
  if (same_but_case(host, options_.machine_name)) return true;
  // One label: a container's name, or one out of /etc/hosts. Public names have a dot.
  return host.find('.') == std::string_view::npos;
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

}  // namespace faultline
