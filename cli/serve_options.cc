#include "cli/serve_options.h"

#include <cstdlib>
#include <random>

#include "proxy/address_check.h"

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
