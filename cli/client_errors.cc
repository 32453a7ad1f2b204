#include "cli/client_errors.h"

#include <utility>
#include <vector>

#include "base/nearest_name.h"
#include "cli/exit_codes.h"

namespace faultline {

int exit_code_of(const Error& error) {
  if (error.kind == ErrorKind::kHalted) return kExitHalted;
  return error.kind == ErrorKind::kNetwork ? kExitUnreachable : kExitFailed;
}

int report(const Console& console, const std::string& what, const Error& error) {
  console.err << what << ": " << printable(error.message) << '\n';
  return exit_code_of(error);
}

int report_for_proxy(const Console& console, const Remote& remote, const std::string& what,
                     std::string_view proxy, Error error) {
  if (error.kind == ErrorKind::kNotFound && error.message.ends_with("proxy not found")) {
    std::vector<std::string> names;
    if (const auto all = remote.list()) {
      for (const RemoteProxy& other : all->proxies) names.push_back(other.name);
    }
    error.message += did_you_mean(proxy, names);
  }
  return report(console, what, error);
}

Result<Remote> remote_at(const std::string& url) {
  auto parsed = parse_api_url(url);
  if (!parsed) return Fail(parsed.error());
  return Remote(*std::move(parsed));
}

}  // namespace faultline
