// The sending half of the simulated TCP, told by hand what arrives.

#include "toxics/tcp_sender.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40U;

class SenderDriver {
 public:
  explicit SenderDriver(Duration rtt = 40ms)
      : sender({.rtt = rtt, .receive_window = std::size_t{100} << 20U}) {}

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
      sender.on_ack({&packet, 1}, now);
      for (const TcpPacket& next : sent(now)) answers.push_back(next);
    }
    return answers;
  }

  /// One ack for all of `packets`; what is sent then.
  std::vector<TcpPacket> ack_at_once(const std::vector<TcpPacket>& packets, TimePoint now) {
    sender.on_ack(packets, now);
    return sent(now);
  }

  /// Lets the timer go off; what is sent then.
  std::vector<TcpPacket> time_out() {
    const TimePoint now = sender.timer();
    sender.on_timer(now);
    return sent(now);
  }

  TcpSender sender;
};

/// A P for each packet that is pushed, a dash for each other.
std::string pushes(const std::vector<TcpPacket>& packets) {
  std::string text;
  for (const TcpPacket& packet : packets) text += packet.is_pushed ? 'P' : '-';
  return text;
}

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

TEST_CASE("segments go in bursts of a millisecond's worth, the last of each pushed",
          "[tcp_sender]") {
  SECTION("pairs where the round trip is long") {
    SenderDriver driver(40ms);
    driver.sender.write(kPlenty);
    const auto first = driver.sent(kStart);
    CHECK(pushes(first) == "-P-P-P-P-P");
    CHECK(pushes(driver.ack(first, kStart + 40ms)) == "-P-P-P-P-P-P-P-P-P-P");
  }
  SECTION("at 10 ms three when the window is 16; one is left over, and is not pushed") {
    SenderDriver driver(10ms);
    driver.sender.write(kPlenty);
    const auto first = driver.sent(kStart);
    CHECK(pushes(first) == "-P-P-P-P-P");
    CHECK(pushes(driver.ack(first, kStart + 10ms)) == "-P-P-P-P-P--P--P--P-");
  }
  SECTION("the last that was written is pushed, and its copy as well") {
    SenderDriver driver;
    driver.sender.write(64);
    CHECK(pushes(driver.sent(kStart)) == "P");
    CHECK(pushes(driver.time_out()) == "P");
  }
}

TEST_CASE("less than a burst waits for the next ack if there is one to come soon", "[tcp_sender]") {
  SenderDriver driver(10ms);
  driver.sender.write(kPlenty);
  const auto flight = driver.ack(driver.sent(kStart), kStart + 10ms);  // The window is 20 now.
  REQUIRE(flight.size() == 20);
  CHECK(driver.ack({flight[0]}, kStart + 20ms).size() == 2);  // Nothing was sent for 10 ms.
  CHECK(driver.ack({flight[1]}, kStart + 20ms).empty());
  CHECK(driver.ack({flight[2]}, kStart + 20ms).size() == 4);
  CHECK(driver.ack({flight[3]}, kStart + 22ms).size() == 2);  // Nothing was sent for 2 ms.
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
  // Two might be nothing but a change of order. The second alone lets one out, which waits for
  // more.
  auto answers = driver.ack({flight[0], flight[1]}, kStart + 80ms);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].segment == 30);
  answers = driver.ack({flight.begin() + 2, flight.end()}, kStart + 80ms);
  CHECK(answers[0].segment == 10);
  CHECK(answers[1].segment == 31);
  // Acks that bring no hole closer let new ones out, but fewer: 20 become 14.
  CHECK(answers.size() < 16);
  driver.ack(answers, kStart + 120ms);
  CHECK(driver.sender.window() == 14);
}

TEST_CASE("an ack for several is one event", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(kPlenty);
  auto flight = driver.ack_at_once(driver.sent(kStart), kStart + 40ms);
  REQUIRE(flight.size() == 20);
  SECTION("what it shows as lost is sent again, and no more goes out than has arrived") {
    flight.erase(flight.begin());  // Lost.
    const auto answers = driver.ack_at_once(flight, kStart + 80ms);
    CHECK(answers[0].segment == 10);
    CHECK(answers.size() == 14);  // 0.7 of 20.
    driver.ack_at_once(answers, kStart + 120ms);
    CHECK(driver.sender.window() == 15);  // 14, and one more for 14 that were acked.
  }
  SECTION("it may tell of a copy, too, and that is no sample of the round trip") {
    SenderDriver lone;
    lone.sender.write(64);
    const auto original = lone.sent(kStart);
    const TimePoint probed = lone.sender.timer();
    const auto copy = lone.time_out();
    REQUIRE(copy.size() == 1);
    lone.ack_at_once({original[0], copy[0]}, probed + 40ms);
    CHECK(lone.sender.window() == 10);
    CHECK(lone.sender.timer() == kNever);
    lone.sender.write(64);
    lone.sent(probed + 1s);
    CHECK(lone.sender.timer() - (probed + 1s) < 260ms);
  }
}

TEST_CASE("new segments do not put off what looks for a change of order", "[tcp_sender]") {
  SenderDriver driver;
  driver.sender.write(kPlenty);
  auto flight = driver.ack(driver.sent(kStart), kStart + 40ms);
  REQUIRE(flight.size() == 20);
  const auto more = driver.ack({flight[1]}, kStart + 80ms);
  REQUIRE(more.size() == 1);
  // A quarter of the least round trip later, by a clock of 4 ms.
  CHECK(driver.sender.timer() - (kStart + 80ms) > 10ms);
  CHECK(driver.sender.timer() - (kStart + 80ms) <= 20ms);
  CHECK(driver.time_out().at(0).segment == 10);
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

TEST_CASE("slow start ends when acks come in a row for half a round trip", "[tcp_sender]") {
  const Duration apart = GENERATE(1000us, 1900us);
  SenderDriver driver(20ms);
  std::vector<TcpPacket> flight;
  for (int i = 0; i < 10; ++i) {
    driver.sender.write(i < 9 ? TcpSender::kSegmentBytes : kPlenty);
    flight.push_back(driver.sent(kStart + i * apart).at(0));
  }
  for (int round = 0; round < 4; ++round) {
    std::vector<TcpPacket> next;
    for (const TcpPacket& packet : flight) {
      for (const TcpPacket& sent : driver.ack({packet}, packet.sent_at + 20ms)) {
        next.push_back(sent);
      }
    }
    flight = next;
  }
  CAPTURE(driver.sender.window());
  CHECK((driver.sender.window() == 160) == (apart == 1ms));
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
