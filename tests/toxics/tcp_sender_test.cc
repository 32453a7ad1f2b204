// The sending half of the simulated TCP, told by hand what arrives.

#include "toxics/tcp_sender.h"

#include <catch2/catch.hpp>
#include <vector>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40U;

class SenderDriver {
 public:
  /// What is sent at `now`.
  std::vector<TcpPacket> sent(TimePoint now) {
    std::vector<TcpPacket> packets;
    while (const auto packet = sender.transmit(now)) packets.push_back(*packet);
    return packets;
  }

  /// All of `packets` arrive, and word of it is back at `now`; what is sent then.
  std::vector<TcpPacket> ack(const std::vector<TcpPacket>& packets, TimePoint now) {
    std::vector<TcpPacket> answers;
    for (const TcpPacket& packet : packets) {
      sender.on_ack(packet, now);
      for (const TcpPacket& next : sent(now)) answers.push_back(next);
    }
    return answers;
  }

  /// Lets the timer go off; what is sent then.
  std::vector<TcpPacket> time_out() {
    const TimePoint now = sender.timer();
    sender.on_timer(now);
    return sent(now);
  }

  TcpSender sender{{.rtt = 40ms, .receive_window = std::size_t{100} << 20U}};
};

std::vector<TcpPacket> without_last(std::vector<TcpPacket> packets, std::size_t count) {
  packets.resize(packets.size() - count);
  return packets;
}

TEST_CASE("ten segments go at first, and two for each that is acked", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(kPlenty);
  const auto first = driver.sent(kStart);
  REQUIRE(first.size() == 10);
  CHECK(driver.ack(first, kStart + 40ms).size() == 20);
  CHECK(driver.sender.window() == 20);
}

TEST_CASE("a lost tail of several segments is probed after two RTT", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(std::uint64_t{10} * TcpSender::kSegmentBytes);
  const auto first = driver.sent(kStart);
  driver.ack(without_last(first, 2), kStart + 40ms);
  CHECK(driver.sender.timer() - (kStart + 40ms) > 80ms);
  CHECK(driver.sender.timer() - (kStart + 40ms) <= 80ms + 4 * RoundTrip::kTick);
  const TimePoint probed_at = driver.sender.timer();
  const auto probe = driver.time_out();
  REQUIRE(probe.size() == 1);
  CHECK(probe[0].segment == 9);
  const auto repair = driver.ack(probe, probed_at + 40ms);  // Shows that the 9th is lost as well.
  REQUIRE(repair.size() == 1);
  CHECK(repair[0].segment == 8);
}

TEST_CASE("a lone segment is sent again after RTT + 200 ms twice, then at doubling intervals",
          "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(64);
  driver.sent(kStart);
  TimePoint before = kStart;
  for (const Duration wait : {240ms, 240ms, 480ms, 960ms, 1920ms}) {
    const TimePoint now = driver.sender.timer();
    CHECK(now - before > wait);
    CHECK(now - before < wait + wait / 7);  // Long timers are coarse.
    REQUIRE(driver.time_out().size() == 1);
    before = now;
  }
}

TEST_CASE("a hole is filled when three later ones have arrived, and costs one cut",
          "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(kPlenty);
  auto flight = driver.ack(driver.sent(kStart), kStart + 40ms);
  REQUIRE(flight.size() == 20);
  flight.erase(flight.begin());  // Lost.
  const auto answers = driver.ack(flight, kStart + 80ms);
  CHECK(answers[1].segment == 31);  // Two might be nothing but a change of order.
  CHECK(answers[2].segment == 10);
  // Acks that bring no hole closer let new ones out, but fewer: 20 become 14.
  CHECK(answers.size() < 16);
  driver.ack(answers, kStart + 120ms);
  CHECK(driver.sender.window() == 14);
}

TEST_CASE("a sender that runs out of data in a recovery leaves it with the cut window",
          "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(std::uint64_t{30} * TcpSender::kSegmentBytes);
  auto flight = driver.ack(driver.sent(kStart), kStart + 40ms);
  REQUIRE(flight.size() == 20);
  flight.erase(flight.begin());  // Lost.
  const auto repair = driver.ack(flight, kStart + 80ms);
  REQUIRE(repair.size() == 1);
  driver.ack(repair, kStart + 120ms);
  CHECK(driver.sender.window() == 14);
}

TEST_CASE("the window is forgotten after a timeout, unless all was only late", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(kPlenty);
  const auto flight = driver.ack(driver.sent(kStart), kStart + 40ms);
  driver.time_out();  // A probe.
  const TimePoint now = driver.sender.timer();
  const auto resent = driver.time_out();
  REQUIRE(resent.size() == 1);
  CHECK(resent[0].segment == 10);
  CHECK(driver.sender.window() < 3);
  SECTION("it was lost") {
    CHECK(driver.ack(resent, now + 40ms).size() == 2);
    CHECK(driver.sender.window() == 2);
  }
  SECTION("it was late") {
    driver.ack({flight[0]}, now + 10ms);
    CHECK(driver.sender.window() >= 20);
  }
}

TEST_CASE("after a rest the window starts from the initial one", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(std::uint64_t{150} * TcpSender::kSegmentBytes);
  auto flight = driver.sent(kStart);
  TimePoint now = kStart;
  while (!flight.empty()) flight = driver.ack(flight, now += 40ms);
  REQUIRE(driver.sender.window() >= 80);
  CHECK(driver.sender.timer() == kNever);
  driver.sender.write(kPlenty);
  CHECK(driver.sent(now + 10s).size() == 10);
}

TEST_CASE("slow start ends when the delay shows a queue", "[tcp_sender]") {
  const Duration queue = GENERATE(0ms, 10ms);
  SenderDriver driver;
  driver.sender.write(kPlenty);
  auto flight = driver.sent(kStart);
  TimePoint now = kStart;
  for (int round = 0; round < 3; ++round) flight = driver.ack(flight, now += 40ms);
  CHECK(driver.sender.window() == 80);
  for (int round = 0; round < 2; ++round) flight = driver.ack(flight, now += 40ms + queue);
  CHECK((driver.sender.window() == 320) == (queue == 0ms));
}

TEST_CASE("a message at a time does not grow the window", "[tcp_sender]") {
  SenderDriver driver;
  TimePoint now = kStart;
  for (int i = 0; i < 100; ++i) {
    driver.sender.write(64);
    driver.ack(driver.sent(now), now + 40ms);
    now += 40ms;
  }
  CHECK(driver.sender.window() == 10);
}

TEST_CASE("no more is in flight than the receiver has room for", "[tcp_sender]") {
  TcpSender sender({.rtt = 40ms, .receive_window = 5000});
  sender.write(kPlenty);
  std::uint64_t bytes = 0;
  while (const auto packet = sender.transmit(kStart)) bytes += packet->bytes;
  CHECK(bytes <= 5000);
  CHECK(bytes > 4000);
}

}  // namespace
}  // namespace faultline
