#pragma once

#include "base/time.h"
#include "toxics/loss_process.h"

namespace faultline {

/// How a TCP handshake went on a lossy path, seen by the client.
struct TcpHandshake {
  Duration takes{0};            ///< From connect() until it succeeds, or gives up.
  bool client_retried = false;  ///< The client starts with a timeout of 3 s:
  bool server_retried = false;  ///< TcpPathSettings::handshake_was_retried; so does the server.
};

/// As Linux 6.5 and later do it: the SYN is sent again after 1 s for the first
/// five times, then after 2, 4, 8, 16 and 32 s; 64 s later the client gives up.
/// A SYN that arrives is answered each time. `to_server` and `to_client` say
/// what is lost; they are new.
TcpHandshake tcp_handshake(Duration rtt, LossProcess& to_server, LossProcess& to_client);

}  // namespace faultline
