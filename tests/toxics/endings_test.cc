// The toxics that end or stall a connection, each alone in a chain, in made-up time.

#include "tests/toxics/chain_driver.h"
#include "tests/toxics/hand_made.h"
#include "toxics/limit_data.h"
#include "toxics/limit_time.h"
#include "toxics/stall.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;
using Made = std::unique_ptr<Toxic>;

const ToxicType kStall = hand_made(
    0, [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(); });
const ToxicType kResetNow = hand_made(0, [](const Attributes&, StageMemory& memory) -> Made {
  return std::make_unique<LimitTime>(0ms, LimitTime::Ending::kReset, memory);
});
const ToxicType kCloseNow = hand_made(0, [](const Attributes&, StageMemory& memory) -> Made {
  return std::make_unique<LimitTime>(0ms, LimitTime::Ending::kClose, memory);
});
const ToxicType kHalfClose =
    hand_made(1, [](const Attributes& values, StageMemory& memory) -> Made {
      return std::make_unique<LimitTime>(saturated_milliseconds(values[0].number),
                                         LimitTime::Ending::kFinish, memory);
    });
const ToxicType kLimitTime =
    hand_made(2, [](const Attributes& values, StageMemory& memory) -> Made {
      return std::make_unique<LimitTime>(
          saturated_milliseconds(values[0].number),
          values[1].number == 0 ? LimitTime::Ending::kClose : LimitTime::Ending::kReset, memory);
    });
const ToxicType kTruncate = hand_made(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return std::make_unique<LimitData>(values[0].number, LimitData::Ending::kFinish, memory);
});

TEST_CASE("a stall holds bytes and the end for ever, and lets go of all when removed", "[stall]") {
  ChainDriver driver;
  const auto stall = driver.add(kStall);
  driver.push("held ", kStart);
  driver.push("too", kStart + 1h);
  driver.chain.push(Finish{}, kStart + 2h);
  CHECK(driver.pop(kStart + 24h).empty());
  CHECK(driver.chain.next_due() == kNever);
  driver.remove(stall, kStart + 24h);
  CHECK(driver.chain.next_due() == kStart + 24h);
  CHECK(driver.pop(kStart + 24h) == "held too<fin>");
}

TEST_CASE("a stall holds even an end with nothing before it", "[stall]") {
  ChainDriver driver;
  const auto stall = driver.add(kStall);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 24h).empty());
  driver.remove(stall, kStart + 24h);
  CHECK(driver.pop(kStart + 24h) == "<fin>");
}

TEST_CASE("a stall soon stops the reading, and it goes on when the stall is over", "[stall]") {
  ChainDriver driver;
  const auto stall = driver.add(kStall);
  const auto lag = driver.add("latency", {0});
  std::string sent;
  while (driver.chain.room() > 0) {
    sent += std::string(10'000, static_cast<char>('a' + sent.size() % 7));
    driver.push(sent.substr(sent.size() - 10'000), kStart);
    REQUIRE(sent.size() < 100'000);
  }
  driver.remove(stall, kStart + 1s);
  CHECK(driver.pop(kStart + 1s) == sent);
  CHECK(driver.chain.room() > 0);
  driver.remove(lag, kStart + 1s);
}

TEST_CASE("a reset at once ends an idle connection, whatever is held", "[limit_time]") {
  ChainDriver driver;
  driver.add(kStall);
  driver.push("held", kStart);
  driver.add(kResetNow, {}, kStart + 1s);
  CHECK(driver.chain.is_dead());
  CHECK(driver.pop(kStart + 1s) == "<reset>");
}

TEST_CASE("a close at once comes behind what was on its way, and passes no more", "[limit_time]") {
  ChainDriver driver;
  const auto stall = driver.add(kStall);
  driver.add("latency", {10});
  driver.push("still held", kStart);
  driver.remove(stall, kStart);
  const auto close = driver.add(kCloseNow, {}, kStart + 1ms);
  CHECK(driver.pop(kStart + 1ms) == "<close>");
  driver.push("later", kStart + 1ms);
  driver.remove(close, kStart + 1ms);
  CHECK(driver.pop(kStart + 2ms).empty());

  ChainDriver other;
  other.add(kCloseNow);
  other.add("latency", {10});
  other.push("x", kStart);
  CHECK(other.pop(kStart + 1h) == "<close>");
}

TEST_CASE("limit_time ends a connection on time, idle or busy, each in its way", "[limit_time]") {
  const std::int64_t way = GENERATE(0, 1);
  const bool busy = GENERATE(false, true);
  ChainDriver driver;
  driver.add(kLimitTime, {1000, way});
  CHECK(driver.chain.is_transparent());  // Bytes may go round it.
  for (Duration at = 0ms; busy && at < 1000ms; at += 100ms) {
    driver.push("ping", kStart + at);
    REQUIRE(driver.pop(kStart + at) == "ping");
  }
  CHECK(driver.pop(kStart + 999ms).empty());
  CHECK(driver.chain.next_due() == kStart + 1000ms);
  CHECK(driver.pop(kStart + 1000ms) == (way == 0 ? "<close>" : "<reset>"));
}

TEST_CASE("limit_time goes on counting when it is changed, and not when removed", "[limit_time]") {
  ChainDriver driver;
  const auto limit = driver.add(kLimitTime, {1000, 0});
  driver.change(limit, {1400, 0}, kStart + 900ms);
  CHECK(driver.chain.next_due() == kStart + 1400ms);
  SECTION("changed to less than has gone by") {
    driver.change(limit, {500, 0}, kStart + 950ms);
    CHECK(driver.pop(kStart + 950ms) == "<close>");
  }
  SECTION("in many steps, as by a ramp") {
    for (int step = 1; step <= 10; ++step) {
      driver.change(limit, {1400 - 10 * step, 0}, kStart + 900ms + 10ms * step);
    }
    CHECK(driver.chain.next_due() == kStart + 1300ms);
  }
  SECTION("changed to nothing") {
    driver.change(limit, {-5, 0}, kStart + 900ms);
    CHECK(driver.pop(kStart + 900ms) == "<close>");
  }
  SECTION("removed") {
    driver.remove(limit, kStart + 1s);
    CHECK(driver.chain.next_due() == kNever);
  }
}

TEST_CASE("half_close ends its direction at once, and swallows what comes later", "[half_close]") {
  ChainDriver driver;
  const std::int64_t delay = GENERATE(0, -1);
  driver.add(kHalfClose, {delay});
  driver.push("too late", kStart);
  CHECK(driver.pop(kStart) == "<fin>");
  driver.push("still", kStart + 1s);
  driver.chain.push(Finish{}, kStart + 1s);
  CHECK(driver.pop(kStart + 1h).empty());
  CHECK(driver.chain.held_memory() == 0);
  CHECK_FALSE(driver.chain.is_transparent());
}

TEST_CASE("half_close with a delay passes bytes until then", "[half_close]") {
  ChainDriver driver;
  const auto half = driver.add(kHalfClose, {100});
  CHECK(driver.chain.is_transparent());
  driver.push("in time", kStart + 99ms);
  CHECK(driver.pop(kStart + 99ms) == "in time");
  SECTION("and no longer") {
    CHECK(driver.pop(kStart + 100ms) == "<fin>");
    driver.push("late", kStart + 100ms);
    CHECK(driver.pop(kStart + 1h).empty());
  }
  SECTION("and for good if it is removed in time") {
    driver.remove(half, kStart + 99ms);
    driver.push(" and more", kStart + 200ms);
    CHECK(driver.pop(kStart + 1h) == " and more");
  }
}

TEST_CASE("truncate ends its direction behind the last byte, and swallows the rest", "[truncate]") {
  ChainDriver driver;
  driver.add(kTruncate, {8});
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart) == "hello");
  const std::string more = GENERATE("wor", "world");
  driver.push(more, kStart);
  CHECK(driver.pop(kStart) == "wor<fin>");
  driver.push("again", kStart + 1s);
  driver.chain.push(Finish{}, kStart + 1s);
  CHECK(driver.pop(kStart + 1h).empty());
}

TEST_CASE("truncate to nothing ends in place of the first byte", "[truncate]") {
  ChainDriver driver;
  const std::int64_t limit = GENERATE(std::int64_t{0}, std::int64_t{-1}, INT64_MIN);
  driver.add(kTruncate, {limit});
  CHECK(driver.pop(kStart + 1s).empty());
  driver.push("x", kStart + 1s);
  CHECK(driver.pop(kStart + 1s) == "<fin>");
}

TEST_CASE("truncate lowered below its count ends at the next byte", "[truncate]") {
  ChainDriver driver;
  const auto cut = driver.add(kTruncate, {100});
  driver.push(std::string(80, 'x'), kStart);
  CHECK(driver.pop(kStart).size() == 80);
  driver.change(cut, {50}, kStart);
  CHECK(driver.pop(kStart).empty());
  driver.push("z", kStart);
  CHECK(driver.pop(kStart) == "<fin>");
}

TEST_CASE("truncate counts what it still holds once, however often it is changed", "[truncate]") {
  ChainDriver driver;
  const auto cut = driver.add(kTruncate, {200'000});
  const auto stall = driver.add(kStall);
  for (int i = 0; i < 5; ++i) driver.push(std::string(30'000, 'x'), kStart);
  driver.change(cut, {200'001}, kStart);
  driver.change(cut, {200'002}, kStart);
  for (int i = 0; i < 2; ++i) driver.push(std::string(30'000, 'x'), kStart);
  driver.remove(stall, kStart);
  std::string expected(200'002, 'x');
  expected += "<fin>";
  CHECK((driver.pop(kStart) == expected));
}

TEST_CASE("an end that truncate has made stays where it is, though it is still held",
          "[truncate]") {
  ChainDriver driver;
  const auto cut = driver.add(kTruncate, {70'000});
  const auto stall = driver.add(kStall);
  driver.push(std::string(Toxic::kSmallWindow, 'x'), kStart);  // As much as the stall takes.
  driver.push(std::string(10'000, 'x'), kStart);
  driver.change(cut, {70'001}, kStart);
  driver.push("more", kStart);
  driver.remove(stall, kStart);
  std::string expected(70'000, 'x');
  expected += "<fin>";
  CHECK((driver.pop(kStart) == expected));
}

TEST_CASE("an answer that is cut short is still delayed before its end", "[truncate]") {
  ChainDriver driver;
  driver.add(kTruncate, {3});
  driver.add("latency", {10});
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart + 9ms).empty());
  CHECK(driver.pop(kStart + 10ms) == "hel<fin>");
}

}  // namespace
}  // namespace faultline
