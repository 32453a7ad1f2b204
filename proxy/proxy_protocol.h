#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/greeting.h"
#include "proxy/protocols.h"

namespace faultline {

/// The header with which a proxy in front of us says for whom it speaks
/// (HAProxy's PROXY protocol), of either version. TLVs are skipped; LOCAL,
/// UNKNOWN and families without IP addresses leave the client as it is.
class ProxyHeader final : public Greeting {
 public:
  /// The longest header of version 1, its line end included.
  static constexpr std::size_t kMostV1 = 107;

  Step feed(std::string_view bytes, Introduction& introduction) override;

 private:
  Status take(Introduction& introduction);
  Status take_v1(Introduction& introduction);
  Status take_v2(Introduction& introduction);
  Status refuse(std::string reason);

  std::string head_;  // Of version 2 without what is skipped.
  std::size_t skip_ = 0;
  std::string reason_;
};

/// The header that says that `source` has connected to `destination`; where
/// either is no IP address, that it is not known who has.
std::string proxy_header(HeaderVersion version, const SocketAddress& source,
                         const SocketAddress& destination);

}  // namespace faultline
