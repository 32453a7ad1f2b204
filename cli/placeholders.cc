#include "cli/placeholders.h"

#include "base/nearest_name.h"
#include "proxy/names.h"

namespace faultline {

namespace {

constexpr const char* kApi = "api";

/// A host as clients can dial it.
std::string dialled_host(const std::string& bound) {
  const bool is_wildcard = bound.empty() || bound == "0.0.0.0" || bound == "::";
  return is_wildcard ? "127.0.0.1" : bound;
}

Fail unknown_placeholder(const std::string& name, const Placeholders& placeholders) {
  std::vector<std::string> names;
  std::string all;
  for (const auto& known : placeholders) {
    names.push_back(known.first);
    all += (all.empty() ? "{" : ", {") + known.first + "}";
  }
  const std::string nearest = nearest_name(name, names);
  return fail(ErrorKind::kInvalid,
              "nothing is named {" + name + "}" +
                  (nearest.empty() ? ";" : "; did you mean {" + nearest + "}?") + " there are " +
                  all + ", and {{ is a brace");
}

}  // namespace

Result<Placeholders> placeholders_of(const std::vector<const ProxySpec*>& proxies,
                                     const std::string& api_url) {
  Placeholders placeholders;
  Placeholders whole;
  for (const ProxySpec* proxy : proxies) {
    if (proxy->name == kApi) {
      return fail(ErrorKind::kInvalid,
                  "a proxy cannot be named `api` here: {api} is the control API");
    }
    const auto where = parse_host_port(proxy->listen);
    if (!where) return within("proxy `" + proxy->name + "`", where.error());
    if (where->is_unix) {
      whole[proxy->name] = proxy->listen;
      continue;
    }
    const std::string host = dialled_host(where->host);
    const std::string port = std::to_string(where->port);
    const bool is_ipv6 = host.find(':') != std::string::npos;
    whole[proxy->name] = (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
    placeholders[proxy->name + ".host"] = host;
    placeholders[proxy->name + ".port"] = port;
  }
  for (const auto& [name, address] : whole) placeholders[name] = address;
  placeholders[kApi] = api_url;
  return placeholders;
}

Result<std::string> filled_in(const std::string& text, const Placeholders& placeholders) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      out += text[at++];
    } else if (text.compare(at, 2, "{{") == 0) {
      out += '{';
      at += 2;
    } else {
      const std::size_t end = text.find('}', at);
      if (end == std::string::npos) {
        return fail(ErrorKind::kInvalid, "`" + text.substr(at) + "`: } is missing; {{ is a brace");
      }
      const std::string name = text.substr(at + 1, end - at - 1);
      const auto found = placeholders.find(name);
      if (found == placeholders.end()) return unknown_placeholder(name, placeholders);
      out += found->second;
      at = end + 1;
    }
  }
  return out;
}

}  // namespace faultline
