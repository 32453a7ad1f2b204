#include "toxics/toxic_chain.h"

#include "tests/toxics/attributes.h"
#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an empty chain passes bytes on at once", "[toxic_chain]") {
  ChainDriver driver;
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart) == "hello");
  CHECK(driver.chain.held_memory() == 0);
  CHECK(driver.chain.is_transparent());
  CHECK_FALSE(driver.chain.has_stages());
}

TEST_CASE("two latencies add up, however late the timer is", "[toxic_chain][latency]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.add("latency", {5, 0});
  driver.push("hello", kStart);

  CHECK(driver.chain.next_due() == kStart + 10ms);
  CHECK(driver.pop(kStart + 14ms).empty());         // Looked in 4 ms late...
  CHECK(driver.chain.next_due() == kStart + 15ms);  // ...and it is still due at 15.
  CHECK(driver.pop(kStart + 15ms) == "hello");
  CHECK(driver.chain.next_due() == kNever);
}

TEST_CASE("removing a toxic lets go of what it held, losing nothing", "[toxic_chain]") {
  ChainDriver driver;
  const auto lag = driver.add("latency", {3'600'000, 0});
  driver.push("early ", kStart);
  driver.push("late", kStart + 1ms);
  CHECK(driver.chain.held_memory() > 0);

  driver.remove(lag, kStart + 2ms);
  CHECK(driver.pop(kStart + 2ms) == "early late");
  CHECK(driver.chain.held_memory() == 0);
}

TEST_CASE("removing the first of two toxics hands its bytes to the second", "[toxic_chain]") {
  ChainDriver driver;
  const auto stall = driver.add("bandwidth", {0});
  driver.add("latency", {10, 0});
  driver.push("held", kStart);
  driver.remove(stall, kStart + 5ms);
  CHECK(driver.pop(kStart + 14ms).empty());
  CHECK(driver.pop(kStart + 15ms) == "held");
}

TEST_CASE("the end of the stream waits behind the bytes before it", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.push("bye", kStart);
  driver.chain.push(Finish{}, kStart + 1ms);
  CHECK(driver.pop(kStart + 9ms).empty());
  CHECK(driver.pop(kStart + 10ms) == "bye<fin>");  // K16: behind the bytes, not 10 ms later still.
}

TEST_CASE("the end of the stream alone is not delayed by latency", "[toxic_chain][latency]") {
  ChainDriver driver;
  driver.add("latency", {1000, 0});
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart) == "<fin>");
}

TEST_CASE("a peer's reset comes after the bytes it sent before", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.push("last words", kStart);
  driver.chain.push(Reset{}, kStart);
  CHECK(driver.pop(kStart + 9ms).empty());
  CHECK(driver.pop(kStart + 10ms) == "last words<reset>");
}

TEST_CASE("a changed toxic times what it holds anew, from when it came", "[toxic_chain]") {
  ChainDriver driver;
  const auto lag = driver.add("latency", {1000, 0});
  driver.push("hello", kStart);
  driver.change(lag, {300, 0}, kStart + 100ms);
  CHECK(driver.pop(kStart + 299ms).empty());
  CHECK(driver.pop(kStart + 300ms) == "hello");
}

TEST_CASE("adding a toxic does not touch what its neighbours hold", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.push("hello", kStart);
  driver.add("bandwidth", {1}, kStart + 5ms);  // One byte a millisecond.
  CHECK(driver.pop(kStart + 14ms).empty());
  CHECK(driver.pop(kStart + 15ms) == "hello");
}

TEST_CASE("a full stage stops the reading, and room comes back when it drains", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("bandwidth", {1000});
  CHECK(driver.chain.room() == Toxic::kSmallWindow);
  driver.push(std::string(64 * 1024, 'x'), kStart);
  CHECK(driver.chain.room() == 0);
  CHECK(driver.pop(kStart + 50ms).size() > 40'000);
  CHECK(driver.chain.room() > 0);
}

TEST_CASE("a stage that is full holds up the stage before it, not the clock", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.add("bandwidth", {0});
  for (int i = 0; i < 10; ++i) driver.push(std::string(32 * 1024, 'x'), kStart);
  CHECK(driver.pop(kStart + 1s).empty());
  CHECK(driver.chain.room() == 0);
  CHECK(driver.chain.next_due() == kNever);  // Nothing will happen by itself: no busy loop.
}

TEST_CASE("asking for room plays no event that its pump would miss", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("reset_peer", {0});
  CHECK(driver.chain.room() > 0);
  CHECK(driver.chain.next_due() == kStart + 10ms);  // Still to come, however late we look.
  CHECK(driver.pop(kStart + 20ms) == "<reset>");
  CHECK(driver.chain.room() == 0);
}

TEST_CASE("a flood of tiny pieces is made only as fast as it is taken", "[toxic_chain][slicer]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.add("slicer", {1, 0, 0});
  std::string sent;
  for (int i = 0; i < 1000; ++i) {
    const std::string message(std::min<std::size_t>(driver.chain.room(), 1024), 'x');
    REQUIRE_FALSE(message.empty());
    sent += message;
    driver.push(message, kStart);
  }
  const std::size_t before = driver.chain.held_memory();
  driver.chain.advance(kStart + 10ms);
  CHECK(driver.chain.held_memory() < before + 1024 * 300);  // Not a thousand times as many.
  CHECK(driver.pop(kStart + 10ms) == sent);
  CHECK(driver.pieces.size() == sent.size());
}

TEST_CASE("links with only quiet toxics stay on the pass-through path", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("noop", {});
  driver.add("slow_close", {1000});
  CHECK(driver.chain.is_transparent());
  driver.add("latency", {1, 0});
  CHECK_FALSE(driver.chain.is_transparent());
}

TEST_CASE("toxics count what they were put on and what they delayed", "[toxic_chain]") {
  ToxicCounters counters;
  const Attributes attributes = attributes_of("latency", {20});
  ToxicChain chain(1 << 20);
  chain.arrange({{.id = 1,
                  .type = find_toxic_type("latency"),
                  .attributes = &attributes,
                  .counters = &counters}},
                kStart);
  chain.push(Chunk("hello"), kStart);
  REQUIRE(chain.pop(kStart + 20ms + 30us));
  CHECK(counters.connections == 1);
  CHECK(counters.delay.snapshot().sum_seconds == Approx(0.020));
  CHECK(counters.error.snapshot().sum_seconds == Approx(0.000030));
}

TEST_CASE("a chain reports what each stage lets pass, delays, holds and drops", "[toxic_chain]") {
  ChainDriver driver;
  const auto lag = driver.add("latency", {10, 0});
  const auto limit = driver.add("limit_data", {6});
  driver.push("12345", kStart);
  REQUIRE(driver.pop(kStart + 10ms) == "12345");
  driver.push("6789", kStart + 20ms);
  CHECK(driver.chain.held_bytes() == 4);
  driver.change(lag, {30, 0}, kStart + 21ms);  // What it holds it is told of anew.

  std::vector<StageReport> reports = driver.chain.report();
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].toxic == lag);
  CHECK(reports[0].passed_bytes == 5);
  CHECK(reports[0].delayed_bytes == 5);
  CHECK(reports[0].held_bytes == 4);
  CHECK(reports[0].dropped_bytes == 0);
  CHECK(reports[1].toxic == limit);
  CHECK(reports[1].passed_bytes == 5);
  CHECK(reports[1].delayed_bytes == 0);

  CHECK(driver.pop(kStart + 50ms) == "6<close>");
  reports = driver.chain.report();
  CHECK(reports[0].passed_bytes == 9);
  CHECK(reports[0].held_bytes == 0);
  CHECK(reports[1].passed_bytes == 6);
  CHECK(reports[1].dropped_bytes == 3);
  CHECK(driver.chain.held_bytes() == 0);
}

TEST_CASE("what goes round a chain has passed its stages since they are there", "[toxic_chain]") {
  ChainDriver driver;
  driver.add("noop", {});
  driver.chain.note_passed(100, false);
  driver.add("slow_close", {1000});
  driver.chain.note_passed(20, true);
  const std::vector<StageReport> reports = driver.chain.report();
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].passed_bytes == 120);
  CHECK(reports[1].passed_bytes == 20);
  CHECK(reports[0].delayed_bytes == 0);
}

}  // namespace
}  // namespace faultline
