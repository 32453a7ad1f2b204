#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "control-api/http_message.h"

namespace faultline {

/// Cuts a stream of bytes into HTTP/1 requests. Knows no socket.
///
/// Accepts keep-alive, HTTP/1.0, chunked bodies and absolute-form targets;
/// ignores `Upgrade`, as a server may. What it holds is bounded by its limits.
class HttpParser {
 public:
  struct Limits {
    std::size_t header_bytes = 64UL << 10;  ///< Request line, headers and trailers.
    std::size_t body_bytes = 8UL << 20;
  };

  enum class Status {
    kNeedsMore,  ///< All bytes were used; no request is complete yet.
    kRequest,    ///< take_request() has one; bytes behind it were not used.
    kFailed,     ///< failure() says why. The connection is of no more use.
  };

  struct Step {
    Status status;
    std::size_t used_bytes;
  };

  explicit HttpParser(const Limits& limits);
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;
  ~HttpParser() = default;

  /// Reads on, to the end of one request at the most. REQUIRES: a request that
  /// was complete has been taken, and no step has failed.
  Step feed(std::string_view bytes);

  /// The client sends no more: the answer if that cuts a request off.
  HttpResponse failure_at_end() const;

  HttpRequest take_request();

  /// 400, 413, 417, 431 or 505, with the reason as text.
  HttpResponse failure() const { return {failure_.status, failure_.headers, failure_.body}; }

  /// Whether some bytes of a request have been read, but not all.
  bool in_request() const { return in_request_; }

  /// True once for a request whose client waits for "100 Continue" before it
  /// sends the body.
  bool take_expects_continue();

 private:
  struct Callbacks;  // What llhttp calls.

  int on_headers_complete();
  int fail(int status, const std::string& reason);
  bool count_header_bytes(std::size_t more);

  const Limits limits_;
  llhttp_t llhttp_{};
  HttpRequest request_;
  HttpResponse failure_;
  std::size_t header_bytes_ = 0;
  bool in_value_ = false;  // The last header span was of a value: the next name is a new header.
  bool headers_complete_ = false;
  bool in_request_ = false;
  bool complete_ = false;
  bool expects_continue_ = false;
};

}  // namespace faultline
