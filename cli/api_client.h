#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/names.h"

namespace faultline {

/// Where a control API is.
struct ApiUrl {
  HostPort where;
  std::string path_prefix;  ///< "" or "/faultline", put before every path.
  std::string text;         ///< As the user wrote it, for messages.
};

/// [http://]HOST[:PORT][/PREFIX] or unix:/PATH. Without a port: 80 after a
/// scheme, as in every URL, else 8474. Errors: kInvalid.
Result<ApiUrl> parse_api_url(std::string_view text);

struct ApiResponse {
  int status = 0;
  std::string body;
};

/// A blocking HTTP/1.1 client for the control API; a connection per request.
class ApiClient {
 public:
  /// `patience` is for each request, which fails once the descriptor `interrupt` can be read, too;
  /// -1: none. It outlives this.
  explicit ApiClient(ApiUrl url, std::chrono::seconds patience = std::chrono::seconds(30),
                     int interrupt = -1)
      : url_(std::move(url)), patience_(patience), interrupt_(interrupt) {}

  const ApiUrl& url() const { return url_; }

  /// `path` is percent-encoded; `body` is JSON or empty. Any status is a
  /// success here. Errors: kNetwork, if no complete response came in time.
  Result<ApiResponse> request(std::string_view method, std::string_view path,
                              std::string_view body) const;

  /// GET of a body that has no end: `on_line` is given each of its lines, without its end, as
  /// it comes. Returns at the end of the stream, or, of a status other than 200, with the body.
  /// Errors: kNetwork, it is not HTTP, a line is longer than 8 MiB, or nothing came for 45 s:
  /// an event stream is never silent that long.
  Result<ApiResponse> stream(std::string_view path,
                             const std::function<void(std::string_view line)>& on_line) const;

 private:
  ApiUrl url_;
  std::chrono::seconds patience_;
  int interrupt_;
};

/// `name` as one segment of a path: "a/b" is "a%2Fb".
std::string path_segment(std::string_view name);

}  // namespace faultline
