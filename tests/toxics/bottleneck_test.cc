// The slowest line of a path and its queue.

#include "toxics/bottleneck.h"

#include <catch2/catch.hpp>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

TEST_CASE("packets leave a bottleneck one after the other, at its rate", "[bottleneck]") {
  Bottleneck line(1'000'000, 0, 100ms);
  CHECK(line.transmit(1500, kStart) == kStart + 1500us);
  CHECK(line.transmit(500, kStart) == kStart + 2ms);
  CHECK(line.transmit(1000, kStart + 1s) == kStart + 1001ms);
}

TEST_CASE("what does not fit into the queue is dropped, until there is room", "[bottleneck]") {
  Bottleneck line(1'000'000, 3000, 100ms);
  for (int i = 1; i <= 4; ++i) CHECK(line.transmit(1000, kStart) == kStart + i * 1ms);
  CHECK_FALSE(line.transmit(1000, kStart).has_value());
  CHECK(line.transmit(1000, kStart + 1ms) == kStart + 5ms);
}

TEST_CASE("a queue not given holds one RTT's worth, and at least 64 KB", "[bottleneck]") {
  const auto fits = [](Duration rtt) {
    Bottleneck line(1'000'000, 0, rtt);
    int packets = 0;
    while (line.transmit(1000, kStart)) ++packets;
    return packets;
  };
  CHECK(fits(1ms) == 66);
  CHECK(fits(500ms) == 501);
}

TEST_CASE("no limit holds nothing up", "[bottleneck]") {
  Bottleneck line(0, 1, 1ms);
  for (int i = 0; i < 1000; ++i) CHECK(line.transmit(1500, kStart) == kStart);
}

}  // namespace
}  // namespace faultline
