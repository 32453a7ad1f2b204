// Every toxic, alone in a chain, in made-up time.

#include <limits>
#include <numeric>
#include <set>

#include "tests/toxics/chain_driver.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kTiny = std::numeric_limits<std::int64_t>::min();

TEST_CASE("latency delays each chunk side by side, not one after the other", "[latency]") {
  ChainDriver driver;
  driver.add("latency", {10, 0});
  driver.push("a", kStart);
  driver.push("b", kStart + 1ms);
  CHECK(driver.pop(kStart + 10ms) == "a");
  CHECK(driver.pop(kStart + 11ms) == "b");
}

TEST_CASE("jitter is drawn once per burst, both ways, and spread evenly", "[latency][B14]") {
  ChainDriver driver;
  driver.add("latency", {50, 50});
  TimePoint now = kStart;
  double sum = 0;
  Duration shortest = 1h;
  Duration longest = 0ms;
  constexpr int kBursts = 2000;
  for (int i = 0; i < kBursts; ++i) {
    driver.push("one", now, true);
    driver.push("two", now, false);
    const TimePoint due = driver.chain.next_due();
    REQUIRE(driver.pop(due) == "onetwo");  // The whole burst at once.
    const Duration delay = due - now;
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
    sum += static_cast<double>(delay.count());
    now = due;
  }
  CHECK(sum / kBursts / 1e6 == Approx(50).margin(2));
  CHECK(shortest < 2ms);
  CHECK(longest > 98ms);
  CHECK(longest <= 100ms);
}

TEST_CASE("a negative latency, jitter or total is no delay", "[latency]") {
  ChainDriver driver;
  driver.add("latency", {-100, 0});
  driver.add("latency", {0, -5});
  driver.push("now", kStart);
  CHECK(driver.pop(kStart) == "now");
}

TEST_CASE("bytes leave at the configured rate, after their transmission time", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {1});  // One byte a millisecond.
  driver.push(std::string(10, 'a'), kStart);
  driver.push(std::string(5, 'b'), kStart);
  CHECK(driver.pop(kStart + 9ms).empty());
  CHECK(driver.pop(kStart + 10ms) == "aaaaaaaaaa");
  CHECK(driver.pop(kStart + 15ms) == "bbbbb");
}

TEST_CASE("idle time is not saved up for a burst", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {1});
  driver.push("a", kStart);
  CHECK(driver.pop(kStart + 10s) == "a");
  driver.push(std::string(100, 'b'), kStart + 10s);
  CHECK(driver.pop(kStart + 10s + 99ms).empty());
  CHECK(driver.pop(kStart + 10s + 100ms).size() == 100);
}

TEST_CASE("a long transfer takes as long as the rate says, to the microsecond", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {333});
  std::size_t sent = 0;
  std::size_t received = 0;
  TimePoint now = kStart;
  constexpr std::size_t kTotal = 10'000'000;
  while (received < kTotal) {
    while (sent < kTotal && driver.chain.room() > 0) {
      const std::size_t size = std::min(driver.chain.room(), kTotal - sent);
      driver.push(std::string(size, 'x'), now);
      sent += size;
    }
    now = driver.chain.next_due();
    received += driver.pop(now).size();
  }
  const double seconds = static_cast<double>((now - kStart).count()) / 1e9;
  CHECK(seconds == Approx(static_cast<double>(kTotal) / 333'000).epsilon(0.000001));
}

TEST_CASE("rate 0 stalls without loss and is released by removal or a rate", "[bandwidth][K9]") {
  ChainDriver driver;
  const auto stall = driver.add("bandwidth", {0});
  driver.push("held ", kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 24h).empty());
  CHECK(driver.chain.next_due() == kNever);
  SECTION("removal") {
    driver.remove(stall, kStart + 24h);
    CHECK(driver.pop(kStart + 24h) == "held <fin>");
  }
  SECTION("a rate, paced from then on") {
    driver.change(stall, {1}, kStart + 24h);
    CHECK(driver.pop(kStart + 24h + 4ms).empty());
    CHECK(driver.pop(kStart + 24h + 5ms) == "held <fin>");
  }
}

TEST_CASE("an end with nothing before it passes a stall at once", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {0});
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart) == "<fin>");
}

TEST_CASE("a fast rate holds no bytes: it says how many may pass, and when", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {100'000});
  REQUIRE(driver.chain.is_transparent());
  std::uint64_t passed = 0;
  TimePoint now = kStart;
  while (now < kStart + 5s) {
    const std::size_t allowed = driver.chain.allowance(now);
    REQUIRE(allowed > 0);
    driver.chain.note_passed(allowed, false);
    passed += allowed;
    REQUIRE(driver.chain.allowance(now) == 0);
    now = driver.chain.opens_at() + 300us;  // Its pump looks in late, each time.
  }
  const double seconds = static_cast<double>((driver.chain.opens_at() - kStart).count()) / 1e9;
  CHECK(static_cast<double>(passed) / seconds == Approx(100e6).epsilon(0.000001));
}

TEST_CASE("a gate saves up neither idle time nor time when nobody looked", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {100'000});
  const std::size_t piece = driver.chain.allowance(kStart);
  CHECK(piece == 100'000);  // 1 ms.
  driver.chain.note_passed(piece, true);
  CHECK(driver.chain.opens_at() == kStart + 1ms);  // Dry, but the cable is still busy.
  CHECK(driver.chain.allowance(kStart + 10s) == piece);
  driver.chain.note_passed(piece, false);
  CHECK(driver.chain.allowance(kStart + 20s) == piece + 10'000'000);  // 100 ms.
}

TEST_CASE("a gate that runs dry and has more in time goes on where it was", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {100'000});
  driver.chain.note_passed(driver.chain.allowance(kStart + 1s), true);
  CHECK(driver.chain.allowance(kStart + 1s + 500us) == 0);  // There is more: not idle.
  CHECK(driver.chain.opens_at() == kStart + 1s + 1ms);
  CHECK(driver.chain.allowance(kStart + 1s + 2ms) == 200'000);  // 1 ms late, and 1 ms at once.
}

TEST_CASE("a fast rate beside a toxic that sees bytes shapes them itself", "[bandwidth]") {
  ChainDriver driver;
  driver.add("bandwidth", {100'000});
  const auto lag = driver.add("latency", {10});
  CHECK_FALSE(driver.chain.is_transparent());
  driver.push(std::string(50'000, 'x'), kStart);
  CHECK(driver.pop(kStart + 10499us).empty());
  CHECK(driver.pop(kStart + 10500us).size() == 50'000);
  driver.push("y", kStart + 20ms);
  driver.remove(lag, kStart + 20ms);
  CHECK(driver.chain.room() == 0);  // What is held goes first.
  CHECK(driver.pop(kStart + 21ms) == "y");
  CHECK(driver.chain.is_transparent());
}

TEST_CASE("slow_close delays the end, not the bytes", "[slow_close]") {
  ChainDriver driver;
  const auto slow = driver.add("slow_close", {100});
  driver.push("now", kStart);
  CHECK(driver.pop(kStart) == "now");
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 99ms).empty());
  SECTION("until its time is up") {
    CHECK(driver.pop(kStart + 100ms) == "<fin>");
  }
  SECTION("or until it is removed") {
    driver.remove(slow, kStart + 99ms);
    CHECK(driver.pop(kStart + 99ms) == "<fin>");
  }
}

TEST_CASE("timeout swallows bytes and closes on time although they keep coming", "[timeout][B15]") {
  ChainDriver driver;
  driver.add("timeout", {1000});
  for (Duration at = 0ms; at < 1000ms; at += 10ms) {
    driver.push("ping", kStart + at);
    REQUIRE(driver.pop(kStart + at).empty());
  }
  CHECK(driver.chain.next_due() == kStart + 1000ms);
  CHECK(driver.pop(kStart + 1000ms) == "<close>");
}

TEST_CASE("timeout 0 never closes by itself; removing it does", "[timeout][K10]") {
  ChainDriver driver;
  const auto hole = driver.add("timeout", {0});
  driver.push("swallowed", kStart);
  CHECK(driver.pop(kStart + 24h).empty());
  driver.remove(hole, kStart + 24h);
  CHECK(driver.pop(kStart + 24h) == "<close>");
}

TEST_CASE("timeout closes at once when its source ends", "[timeout]") {
  ChainDriver driver;
  driver.add("timeout", {1000});
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart) == "<close>");
}

TEST_CASE("reset_peer resets an idle link after 10 ms and its wait", "[reset_peer][B17]") {
  ChainDriver driver;
  driver.add("reset_peer", {100});
  CHECK(driver.chain.next_due() == kStart + 110ms);
  CHECK(driver.pop(kStart + 109ms).empty());
  CHECK(driver.pop(kStart + 110ms) == "<reset>");
}

TEST_CASE("reset_peer counts its wait from the first byte and passes none on", "[reset_peer]") {
  ChainDriver driver;
  driver.add("reset_peer", {100});
  driver.push("hello", kStart + 2ms);
  driver.push("again", kStart + 50ms);
  CHECK(driver.pop(kStart + 101ms).empty());
  CHECK(driver.pop(kStart + 102ms) == "<reset>");
}

TEST_CASE("reset_peer removed in time has lost nothing", "[reset_peer][B13b]") {
  ChainDriver driver;
  const auto reset = driver.add("reset_peer", {8000});
  driver.push("hello", kStart);
  driver.remove(reset, kStart + 500ms);
  CHECK(driver.pop(kStart + 500ms) == "hello");
  CHECK(driver.pop(kStart + 1h).empty());
}

TEST_CASE("a toxic's reset does not wait for what others hold", "[reset_peer]") {
  ChainDriver driver;
  const auto stall = driver.add("bandwidth", {0});
  driver.push("held", kStart);
  driver.add("reset_peer", {0}, kStart);
  CHECK(driver.pop(kStart + 10ms) == "<reset>");
  driver.remove(stall, kStart + 20ms);
  CHECK(driver.pop(kStart + 20ms) == "<reset>");
}

TEST_CASE("limit_data passes so many bytes and closes, also on the exact byte", "[limit_data]") {
  ChainDriver driver;
  driver.add("limit_data", {8});
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart) == "hello");
  SECTION("cutting the last chunk") {
    driver.push("world", kStart);
    CHECK(driver.pop(kStart) == "wor<close>");
  }
  SECTION("exactly") {
    driver.push("wor", kStart);
    CHECK(driver.pop(kStart) == "wor<close>");
  }
}

TEST_CASE("limit_data keeps its count when the limit is changed", "[limit_data][K16]") {
  ChainDriver driver;
  const auto limit = driver.add("limit_data", {100});
  driver.push(std::string(80, 'x'), kStart);
  CHECK(driver.pop(kStart).size() == 80);
  SECTION("raised") {
    driver.change(limit, {120}, kStart);
    driver.push(std::string(80, 'y'), kStart);
    CHECK(driver.pop(kStart) == std::string(40, 'y') + "<close>");
  }
  SECTION("lowered below the count: the next chunk closes") {
    driver.change(limit, {50}, kStart);
    CHECK(driver.pop(kStart).empty());
    driver.push("z", kStart);
    CHECK(driver.pop(kStart) == "<close>");
  }
}

TEST_CASE("limit_data counts what it still holds once, however often it is changed",
          "[limit_data][K16]") {
  ChainDriver driver;
  const auto limit = driver.add("limit_data", {200'000});
  driver.add("bandwidth", {0});
  for (int i = 0; i < 5; ++i) driver.push(std::string(30'000, 'x'), kStart);
  driver.change(limit, {200'001}, kStart);
  driver.change(limit, {200'002}, kStart);
  for (int i = 0; i < 2; ++i) driver.push(std::string(30'000, 'x'), kStart);
  driver.remove(2, kStart);
  CHECK(driver.pop(kStart) == std::string(200'002, 'x') + "<close>");
}

TEST_CASE("limit_data of 0 or less closes at the first byte", "[limit_data]") {
  const std::int64_t limit = GENERATE(std::int64_t{0}, std::int64_t{-1}, kTiny);
  ChainDriver driver;
  driver.add("limit_data", {limit});
  CHECK(driver.pop(kStart + 1h).empty());
  driver.push("x", kStart + 1h);
  CHECK(driver.pop(kStart + 1h) == "<close>");
}

TEST_CASE("what a limit let through is still delayed before the close", "[limit_data]") {
  ChainDriver driver;
  driver.add("limit_data", {3});
  driver.add("latency", {10, 0});
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart + 9ms).empty());
  CHECK(driver.pop(kStart + 10ms) == "hel<close>");
}

TEST_CASE("slicer halves chunks until they are small enough", "[slicer]") {
  ChainDriver driver;
  driver.add("slicer", {10, 0, 0});
  driver.push(std::string(64, 'x'), kStart);
  CHECK(driver.pop(kStart).size() == 64);
  CHECK(driver.pieces == std::vector<std::size_t>(8, 8));
}

TEST_CASE("slicer varies its pieces within the bound and pauses after each", "[slicer]") {
  ChainDriver driver;
  driver.add("slicer", {100, 50, 10});
  driver.push(std::string(2000, 'x'), kStart);
  CHECK(driver.pop(kStart + 9us).size() <= 150);
  driver.pop(kStart + 1s);
  CHECK(std::accumulate(driver.pieces.begin(), driver.pieces.end(), std::size_t{0}) == 2000);
  CHECK(driver.pieces.size() > 10);
  CHECK(*std::max_element(driver.pieces.begin(), driver.pieces.end()) <= 150);
  const auto pieces = static_cast<std::int64_t>(driver.pieces.size());

  driver.push("y", kStart + 1s);
  CHECK(driver.pop(kStart + 1s) == "y");  // Long after the last pause.
  ChainDriver again;
  again.add("slicer", {100, 50, 10});
  again.push(std::string(2000, 'x'), kStart);
  again.push("y", kStart);
  CHECK(again.pop(kStart + pieces * 10us - 1us).size() == 2000);
  CHECK(again.pop(kStart + pieces * 10us) == "y");  // The last piece is paused after too.
}

TEST_CASE("slicer with no size does not cut", "[slicer][F2]") {
  const std::int64_t average = GENERATE(std::int64_t{0}, std::int64_t{-5}, kTiny);
  ChainDriver driver;
  driver.add("slicer", {average, 100, 0});
  driver.push(std::string(5000, 'x'), kStart);
  CHECK(driver.pop(kStart).size() == 5000);
  CHECK(driver.pieces.size() == 1);
}

TEST_CASE("no value of any attribute loses bytes, crashes or runs for ever", "[catalog][B4]") {
  const std::vector<std::int64_t> values = {kTiny, -1, 0, 1, 2, 10, 12, 65'536, 1LL << 62, kHuge};
  for (const ToxicType& type : toxic_catalog()) {
    const std::size_t count = type.attributes.size();
    std::size_t combinations = 1;
    for (std::size_t i = 0; i < count; ++i) combinations *= values.size();
    const std::size_t step = std::max<std::size_t>(1, combinations / 1009);
    for (std::size_t combination = 0; combination < combinations; combination += step) {
      Attributes attributes;
      std::size_t rest = combination;
      for (std::size_t i = 0; i < count; ++i, rest /= values.size()) {
        attributes.push_back(values[rest % values.size()]);
      }
      INFO(type.name << " combination " << combination);
      ChainDriver driver;
      const auto id = driver.add(type.name, attributes);
      const std::string sent(3000, 'x');
      driver.push(sent, kStart);
      driver.chain.push(Finish{}, kStart);
      std::string received = driver.pop(kStart + 1h);
      driver.remove(id, kStart + 2h);
      received += driver.pop(kStart + 2h);
      static const std::set<std::string> kDestroyers = {
          "timeout", "limit_data", "reset_peer", "refuse",  "reset",
          "close",   "half_close", "limit_time", "corrupt", "truncate"};
      if (kDestroyers.count(type.name) == 0) REQUIRE(received == sent + "<fin>");
    }
  }
}

TEST_CASE("the catalogue is complete and consistent", "[catalog]") {
  for (const ToxicType& type : toxic_catalog()) {
    INFO(type.name);
    CHECK(find_toxic_type(type.name) == &type);
    CHECK_FALSE(type.summary.empty());
    CHECK(type.default_attributes().size() == type.attributes.size());
    for (const AttributeType& attribute : type.attributes) {
      CHECK(type.attribute_index(attribute.name) >= 0);
      CHECK_FALSE(attribute.unit.empty());
      CHECK_FALSE(attribute.summary.empty());
      for (std::size_t i = 0; i < attribute.choices.size(); ++i) {
        CHECK(attribute.choice(attribute.choices[i]).value() == static_cast<std::int64_t>(i));
        CHECK(attribute.text_of(static_cast<std::int64_t>(i)) == attribute.choices[i]);
      }
    }
  }
  CHECK(find_toxic_type("Latency") == nullptr);
  CHECK(find_toxic_type("") == nullptr);
}

}  // namespace
}  // namespace faultline
