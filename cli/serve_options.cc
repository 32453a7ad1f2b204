#include "cli/serve_options.h"

#include <cstdlib>
#include <random>

#include "proxy/address_check.h"
#include "proxy/names.h"

namespace faultline {

Result<ProxySpec> parse_proxy_option(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t comma = text.find(',', equals == std::string_view::npos ? 0 : equals);
  if (equals == 0 || equals == std::string_view::npos || comma == std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "`" + std::string(text) +
                                         "` is not NAME=LISTEN,UPSTREAM, for example "
                                         "redis=127.0.0.1:26379,127.0.0.1:6379");
  }
  ProxySpec spec;
  spec.name = text.substr(0, equals);
  spec.listen = text.substr(equals + 1, comma - equals - 1);
  spec.upstream = text.substr(comma + 1);
  const std::string where = "proxy `" + spec.name + "`";
  for (const auto& [what, address] :
       {std::pair("listen", &spec.listen), std::pair("upstream", &spec.upstream)}) {
    if (address->empty()) return fail(ErrorKind::kInvalid, where + ": " + what + " is missing");
    if (auto checked = check_address(*address); !checked) {
      return within(where + ": " + what, checked.error());
    }
  }
  return spec;
}

namespace {

/// The folder where a server of this user keeps what outlives it; "" if there is none.
std::string own_state_dir() {
  const auto variable = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text == nullptr ? "" : text);
  };
  if (const std::string of_systemd = variable("STATE_DIRECTORY"); !of_systemd.empty()) {
    return of_systemd;
  }
  if (const std::string xdg = variable("XDG_STATE_HOME"); !xdg.empty()) return xdg + "/faultline";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/faultline";
}

}  // namespace

std::string state_file(const std::string& what, const std::optional<std::string>& state_dir,
                       const std::string& listen) {
  const auto where = parse_host_port(listen);
  const bool is_any_port = !where || where->port == 0;
  if (!state_dir && is_any_port) return "";
  const std::string folder = state_dir.value_or(own_state_dir());
  if (folder.empty()) return "";
  if (is_any_port) return folder + "/" + what + ".json";
  std::string name;
  for (const char c : listen) name += c == ':' || c == '/' || c == '[' || c == ']' ? '-' : c;
  return folder + "/" + what + "-" + name + ".json";
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

LogLevel log_level_from_environment(LogLevel fallback) {
  const char* text = std::getenv("LOG_LEVEL");
  if (text == nullptr) return fallback;
  return parse_log_level(text).value_or(fallback);
}

}  // namespace faultline
