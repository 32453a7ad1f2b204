// How long a handshake takes when its packets are lost.

#include "toxics/tcp_handshake.h"

#include <catch2/catch.hpp>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

LossSettings losing(double loss) {
  LossSettings settings;
  settings.loss = loss;
  return settings;
}

TEST_CASE("a handshake takes an RTT, and a second for each lost SYN or SYN-ACK", "[handshake]") {
  int on_time = 0;
  int one_late = 0;
  int two_late = 0;
  constexpr int kConnects = 50'000;
  for (std::uint64_t key = 0; key < kConnects; ++key) {
    LossProcess up({}, key);
    LossProcess down(losing(0.1), derive_key(5, key));
    const TcpHandshake seen = tcp_handshake(40ms, up, down);
    REQUIRE(seen.takes % 1s == 40ms);
    REQUIRE(seen.client_retried == (seen.takes > 1s));
    REQUIRE(seen.server_retried == (seen.takes > 1s));
    on_time += seen.takes == 40ms ? 1 : 0;
    one_late += seen.takes == 1040ms ? 1 : 0;
    two_late += seen.takes == 2040ms ? 1 : 0;
  }
  // Measured with 10 % of one direction lost: 89.4, 9.8 and 0.7 %.
  CHECK(on_time / 500.0 == Approx(90).margin(0.7));
  CHECK(one_late / 500.0 == Approx(9).margin(0.7));
  CHECK(two_late / 500.0 == Approx(0.9).margin(0.25));
}

TEST_CASE("SYN is sent each second for five times, then at doubling intervals", "[handshake]") {
  LossSettings nothing_passes;
  nothing_passes.model = LossSettings::Model::kEvery;
  nothing_passes.every = 1;
  LossProcess up(nothing_passes, 1);
  LossProcess down({}, 2);
  const TcpHandshake seen = tcp_handshake(40ms, up, down);
  CHECK(seen.client_retried);
  CHECK_FALSE(seen.server_retried);
  CHECK(seen.takes == 5s + 2s + 4s + 8s + 16s + 32s + 64s);
}

TEST_CASE("on a good path a handshake takes an RTT", "[handshake]") {
  LossProcess up({}, 1);
  LossProcess down({}, 2);
  const TcpHandshake seen = tcp_handshake(40ms, up, down);
  CHECK(seen.takes == 40ms);
  CHECK_FALSE(seen.client_retried);
  CHECK_FALSE(seen.server_retried);
}

}  // namespace
}  // namespace faultline
