// The receiving half of the simulated TCP: what it has in order, and when it acks.

#include "toxics/tcp_receiver.h"

#include <catch2/catch.hpp>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kReceiverSeed = 31;
constexpr std::uint32_t kBytes = TcpSender::kSegmentBytes;

struct ReceiverDriver {
  explicit ReceiverDriver(std::uint64_t number = 0)
      : receiver(10ms, derive_key(kReceiverSeed, number)) {}

  std::uint64_t arrive(std::uint64_t segment, bool is_pushed = false) {
    TcpPacket packet;
    packet.segment = segment;
    packet.bytes = kBytes;
    packet.is_pushed = is_pushed;
    return receiver.receive(packet, now);
  }

  bool owes_now() const { return receiver.ack_due() <= now; }

  /// Segments arrive in a row, and acks are sent when they are due; how many each was for.
  std::vector<std::uint64_t> in_a_row(std::uint64_t count) {
    std::vector<std::uint64_t> covers{0};
    for (; count > 0; --count) {
      arrive(next++);
      ++covers.back();
      if (owes_now()) {
        receiver.on_ack_sent();
        covers.push_back(0);
      }
    }
    if (receiver.ack_due() != kNever) receiver.on_ack_sent();
    return covers;
  }

  TcpReceiver receiver;
  TimePoint now = kStart;
  std::uint64_t next = 0;
};

TEST_CASE("bytes are in order once what is before them has come, each once", "[tcp_receiver]") {
  ReceiverDriver driver;
  CHECK(driver.arrive(0) == kBytes);
  CHECK(driver.arrive(2) == 0);
  CHECK(driver.arrive(4) == 0);
  CHECK(driver.arrive(2) == 0);
  CHECK(driver.arrive(1) == 2 * kBytes);
  CHECK(driver.arrive(0) == 0);
  CHECK(driver.arrive(3) == 2 * kBytes);
  CHECK(driver.receiver.memory() == 0);
}

TEST_CASE("what is out of order is acked at once, and so is what mends it", "[tcp_receiver]") {
  ReceiverDriver driver;
  driver.in_a_row(100);
  for (const std::uint64_t segment : {101U, 102U, 104U, 100U, 103U}) {
    CAPTURE(segment);
    driver.arrive(segment);
    CHECK(driver.owes_now());
    driver.receiver.on_ack_sent();
  }
  driver.arrive(50);  // A duplicate.
  CHECK(driver.owes_now());
  driver.receiver.on_ack_sent();
  CHECK(driver.receiver.ack_due() == kNever);
  driver.arrive(105);  // After one, acks are quick.
  CHECK(driver.receiver.ack_due() < kStart + 1ms);
}

TEST_CASE("acks are for one segment at first, and later for two or more", "[tcp_receiver]") {
  INFO("seed " << kReceiverSeed);
  constexpr int kConnections = 1000;
  constexpr int kQuick = 22;
  double single = 0;
  double pairs = 0;
  for (int i = 0; i < kConnections; ++i) {
    ReceiverDriver driver(static_cast<std::uint64_t>(i));
    const auto covers = driver.in_a_row(200);
    REQUIRE(covers.size() > kQuick + 20);
    for (int k = 0; k < kQuick; ++k) single += covers[k] == 1 ? 1 : 0;
    for (int k = kQuick; k < kQuick + 20; ++k) {
      REQUIRE(covers[k] >= 2);
      REQUIRE(covers[k] <= 4);
      pairs += covers[k] == 2 ? 1 : 0;
    }
  }
  CHECK(single / kConnections / kQuick == Approx(0.93).margin(0.01));
  CHECK(pairs / kConnections / 20 == Approx(0.6).margin(0.02));
}

TEST_CASE("a lone segment waits for 40 ms, unless it is pushed or acks are quick",
          "[tcp_receiver]") {
  ReceiverDriver driver;
  driver.in_a_row(100);
  SECTION("no more comes") {
    driver.arrive(100);
    CHECK(driver.receiver.ack_due() == kStart + 40ms);
  }
  SECTION("it is pushed") {
    driver.arrive(100, true);
    CHECK(driver.receiver.ack_due() < kStart + 1ms);
  }
  SECTION("a second one comes") {
    driver.arrive(100);
    driver.now += 10ms;
    driver.arrive(101);
    CHECK(driver.receiver.ack_due() < driver.now + 1ms);
  }
  SECTION("after a silence longer than a sender's timeout") {
    driver.arrive(100);
    driver.receiver.on_ack_sent();
    driver.now += 211ms;
    driver.arrive(101);
    CHECK(driver.receiver.ack_due() < driver.now + 1ms);
  }
}

}  // namespace
}  // namespace faultline
