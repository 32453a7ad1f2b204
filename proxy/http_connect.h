#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/greeting.h"

namespace faultline {

/// HTTP CONNECT (RFC 9110, section 9.3.6): HOST:PORT, and who asks, by the user
/// name of `Proxy-Authorization: Basic`; any password will do.
class HttpConnect final : public Greeting {
 public:
  /// The longest head of a request.
  static constexpr std::size_t kMostBytes = 16UL << 10;

  HttpConnect();
  HttpConnect(const HttpConnect&) = delete;
  HttpConnect& operator=(const HttpConnect&) = delete;

  Step feed(std::string_view bytes, Introduction& introduction) override;
  std::string answer(const DialEnd& end) const override;

 private:
  struct Callbacks;  // What llhttp calls.

  Step take(std::size_t used, Introduction& introduction) const;

  llhttp_t llhttp_{};
  std::size_t bytes_ = 0;
  std::string target_;
  std::string name_;           // Of the present header,
  std::string authorization_;  // and the value of the only one that matters here.
  bool in_value_ = false;
  bool is_complete_ = false;
};

}  // namespace faultline
