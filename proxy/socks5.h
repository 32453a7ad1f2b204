#pragma once

#include <string>
#include <string_view>

#include "proxy/greeting.h"

namespace faultline {

/// SOCKS 5 (RFC 1928): CONNECT to an IP address or a name, with no method or
/// with a user name (RFC 1929), for which any password will do. The name is
/// asked for wherever the client offers it.
class Socks5 final : public Greeting {
 public:
  Step feed(std::string_view bytes, Introduction& introduction) override;
  std::string answer(const DialEnd& end) const override;

 private:
  enum class Phase { kMethods, kUser, kRequest };

  std::size_t wanted() const;
  Step take(Introduction& introduction);
  Step choose_method();
  Step take_user(Introduction& introduction);
  Step take_request(Introduction& introduction);

  Phase phase_ = Phase::kMethods;
  std::string message_;  // As far as it is there: 513 bytes at the most.
};

}  // namespace faultline
