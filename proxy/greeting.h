#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/names.h"

namespace faultline {

/// What a client has said of itself, and of where it wants to go.
struct Introduction {
  SocketAddress client{};     ///< Whom a proxy in front of us speaks for. Empty: itself.
  SocketAddress reached{};    ///< Where that client had connected to. Empty: to us.
  std::string client_name{};  ///< The user name it gave; may be empty.
  std::string destination{};  ///< HOST:PORT; "" is the proxy's own upstream.
};

/// How a dial has ended.
struct DialEnd {
  int error = 0;          ///< 0: it was reached. EHOSTUNREACH also where no such host is known.
  SocketAddress local{};  ///< Our end of what was reached.
};

/// What a client says before its own bytes, which is for us and not for its
/// upstream. A pure state machine: bytes in, answers out; no socket, no clock.
/// What it keeps of them is bounded.
class Greeting {
 public:
  enum class Status {
    kNeedsMore,  ///< All bytes were used.
    kDone,       ///< The bytes behind those used are not the greeting's.
    kRefused,    ///< The client is to be closed once it has the reply.
  };
  struct Step {
    Status status = Status::kNeedsMore;
    std::size_t used = 0;
    std::string reply{};   ///< To be sent to the client; may be empty.
    std::string reason{};  ///< Why it was refused, for the log.
  };

  virtual ~Greeting() = default;

  /// Reads on, and puts what it has learned into `introduction`. REQUIRES: the
  /// last step has asked for more.
  virtual Step feed(std::string_view bytes, Introduction& introduction) = 0;

  /// What the client is told of how the dial has ended; "" is nothing.
  virtual std::string answer(const DialEnd& /*end*/) const { return ""; }
};

}  // namespace faultline
