#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control-api/body_stream.h"

namespace faultline {

/// Header names and values in the order sent; names compare without letter case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Null if there is no such header; the first of several.
const std::string* find_header(const HttpHeaders& headers, std::string_view name);

/// Whether two header names, host names or the like are the same but for ASCII letter case.
bool same_but_case(std::string_view a, std::string_view b);

/// One HTTP request, whole.
struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< As sent: "/proxies?x=1", "http://host/proxies", "*".
  int minor_version = 1;
  HttpHeaders headers;
  std::string body;
  bool keep_alive = true;  ///< Whether the client can send another request afterwards.

  const std::string* header(std::string_view name) const { return find_header(headers, name); }
};

/// One answer. The server adds Date, Connection and what says how long it is.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;  ///< Empty for 204.
  /// Or what the body comes from, bit by bit: `body` is empty then. The client's
  /// connection ends with it.
  std::unique_ptr<BodyStream> stream{};
};

/// A plain-text answer, as Go's http.Error() makes it: "404 page not found\n".
HttpResponse text_response(int status, std::string body);

/// "Not Found" for 404.
std::string_view reason_phrase(int status);

/// The bytes of `response` to `request`: no body for HEAD and 204, HTTP/1.0 to
/// HTTP/1.0 clients, and a Connection header where its default is not meant.
/// Of one with a stream: what comes before the body.
std::string serialize(const HttpResponse& response, const HttpRequest& request, bool keep_alive);

}  // namespace faultline
