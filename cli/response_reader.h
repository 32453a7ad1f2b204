#pragma once

#include <llhttp.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/api_client.h"

namespace faultline {

/// Cuts HTTP/1 responses out of a stream of bytes. Knows no socket.
class ResponseReader {
 public:
  ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;
  ~ResponseReader() = default;

  /// True once the response is complete; what follows it is dropped. Errors:
  /// kNetwork, what arrived is not HTTP, or too much.
  Result<bool> feed(std::string_view bytes);

  /// The stream has ended: whether that completes the response.
  Result<bool> feed_end();

  bool keep_alive() const { return keep_alive_; }

  /// The response; the next one may be fed then. REQUIRES: it is complete.
  ApiResponse take();

 private:
  static int on_body(llhttp_t* parser, const char* bytes, std::size_t size) noexcept;
  static int on_complete(llhttp_t* parser) noexcept;
  Result<bool> outcome(llhttp_errno_t error);

  llhttp_t parser_;
  llhttp_settings_t settings_;
  ApiResponse response_;
  bool complete_ = false;
  bool keep_alive_ = false;
};

}  // namespace faultline
