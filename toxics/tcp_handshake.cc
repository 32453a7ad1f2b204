#include "toxics/tcp_handshake.h"

namespace faultline {

namespace {

constexpr int kMostResends = 10;
constexpr int kLinearResends = 5;

}  // namespace

TcpHandshake tcp_handshake(Duration rtt, LossProcess& to_server, LossProcess& to_client) {
  TcpHandshake handshake;
  bool server_knows = false;
  Duration wait = std::chrono::seconds(1);
  for (int resends = 0; resends <= kMostResends; ++resends) {
    handshake.client_retried = resends > 0;
    const TimePoint now(handshake.takes);
    if (!to_server.lose(now)) {
      handshake.server_retried = server_knows;
      server_knows = true;
      if (!to_client.lose(now + rtt / 2)) {
        handshake.takes += rtt;
        return handshake;
      }
    }
    if (resends >= kLinearResends) wait *= 2;
    handshake.takes += wait;
  }
  return handshake;
}

}  // namespace faultline
