#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faultline {

/// Keeps web pages away from the API. A browser on a developer's machine can
/// be made to send requests here by any page it shows, also under a host name
/// of the page's own that resolves to 127.0.0.1 (DNS rebinding).
class AccessRules {
 public:
  struct Options {
    std::string bound_host;                    ///< What the server was told to bind: "localhost".
    std::string machine_name;                  ///< gethostname().
    std::vector<std::string> allowed_hosts;    ///< Further names; "*" is any.
    std::vector<std::string> allowed_origins;  ///< "https://dash.example"; "*" is any.
  };

  explicit AccessRules(Options options) : options_(std::move(options)) {}

  /// Why a request with these values is refused, or nothing. `host` is the
  /// value of Host, or the authority of the target; null or empty if there is none.
  std::optional<std::string> refusal(const std::string* host, const std::string* origin) const;

 private:
  bool is_local(std::string_view host) const;

  Options options_;
};

/// gethostname(), or "".
std::string machine_name();

}  // namespace faultline
