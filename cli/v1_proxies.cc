#include "cli/v1_proxies.h"

#include <optional>

#include "cli/exit_codes.h"
#include "cli/v1_action.h"

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;

/// " and close its 3 connections"; "" if it has none.
std::string closing(const V1Remote& remote, const std::string& name) {
  const auto stats = remote.call("GET", "/v1/stats");
  if (!stats) return "";
  for (const Json& proxy : stats->value("proxies", Json::array())) {
    if (text_at(proxy, "name") != name) continue;
    const auto open = proxy.value("connections_active", std::int64_t{0});
    if (open == 0) return "";
    return " and close its " +
           (open == 1 ? std::string("connection") : std::to_string(open) + " connections");
  }
  return "";
}

int tell(const Invocation& invocation, const std::string& line, const Json& answer) {
  if (!wants_json(invocation)) {
    invocation.console.out << line << '\n';
  } else if (!answer.is_null()) {
    print_indented(invocation, answer);
  }
  return kExitOk;
}

/// `enabled`: what it is to be; the other of what it is, if that is not said.
int try_to_set(const Invocation& invocation, const std::string& name, std::optional<bool> enabled) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const std::string what = "Failed to update proxy " + name;
    const auto present = remote.call("GET", v1_proxy_path(name));
    if (!present) return report_v1(invocation, present.error(), what);
    const bool is_enabled = present->value("enabled", false);
    const bool wanted = enabled.value_or(!is_enabled);
    const auto answer =
        remote.call("PATCH", tried(v1_proxy_path(name), true), {{"enabled", wanted}});
    if (!answer) return report_v1(invocation, answer.error(), what);
    if (wanted == is_enabled) {
      return tell(
          invocation,
          "Proxy " + printable(name) + " is " + (wanted ? "enabled" : "disabled") + " already",
          *answer);
    }
    return tell(invocation,
                wanted ? "Would enable proxy " + printable(name)
                       : "Would disable proxy " + printable(name) + closing(remote, name),
                *answer);
  });
}

}  // namespace

int try_to_create_proxy(const Invocation& invocation, const std::string& name,
                        const std::string& listen, const std::string& upstream) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto answer = remote.call("POST", tried("/v1/proxies", true),
                                    {{"name", name}, {"listen", listen}, {"upstream", upstream}});
    if (!answer) return report_v1(invocation, answer.error(), "Failed to create proxy");
    return tell(invocation,
                "Would create proxy " + printable(name) + ": listens on " +
                    text_at(*answer, "listen") + ", passes on to " + text_at(*answer, "upstream"),
                *answer);
  });
}

int try_to_delete_proxy(const Invocation& invocation, const std::string& name) {
  return with_v1(invocation, [&](const V1Remote& remote) {
    const auto answer = remote.call("DELETE", tried(v1_proxy_path(name), true));
    if (!answer) return report_v1(invocation, answer.error(), "Failed to delete proxy " + name);
    return tell(invocation, "Would delete proxy " + printable(name) + closing(remote, name),
                *answer);
  });
}

int try_to_enable_proxy(const Invocation& invocation, const std::string& name, bool enabled) {
  return try_to_set(invocation, name, enabled);
}

int try_to_toggle_proxy(const Invocation& invocation, const std::string& name) {
  return try_to_set(invocation, name, std::nullopt);
}

}  // namespace faultline
