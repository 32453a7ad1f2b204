#include "toxics/byte_window.h"

#include "tests/toxics/chain_driver.h"
#include "tests/toxics/hand_made.h"
#include "toxics/corrupt.h"
#include "toxics/limit_data.h"
#include "toxics/limit_time.h"
#include "toxics/stall.h"
#include "toxics/timeout.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kOpenEnd = -1;

/// `Make` in a window: its first two attributes are the bounds, the others are for Make.
template <class Make>
ToxicType in_window(std::size_t count, Make /*stateless*/) {
  return hand_made(
      2 + count, [](const Attributes& values, StageMemory& memory) -> std::unique_ptr<Toxic> {
        ByteWindow::Bounds bounds{.after = static_cast<std::uint64_t>(values[0].number),
                                  .until = std::nullopt};
        if (values[1].number >= 0) bounds.until = static_cast<std::uint64_t>(values[1].number);
        return std::make_unique<ByteWindow>(
            bounds,
            [&](StageMemory& inner_memory) {
              return Make{}({values.begin() + 2, values.end()}, inner_memory);
            },
            memory);
      });
}

using Made = std::unique_ptr<Toxic>;

Made catalogued(const char* name, const Attributes& values, StageMemory& memory) {
  const ToxicType* type = find_toxic_type(name);
  Attributes all = type->default_attributes();
  std::copy(values.begin(), values.end(), all.begin());
  return type->make(all, memory);
}

const ToxicType kLag = in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return catalogued("latency", values, memory);
});
const ToxicType kRate = in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return catalogued("bandwidth", values, memory);
});
const ToxicType kSlicer = in_window(3, [](const Attributes& values, StageMemory& memory) -> Made {
  return catalogued("slicer", values, memory);
});
const ToxicType kSharedRate =
    in_window(2, [](const Attributes& values, StageMemory& memory) -> Made {
      return catalogued("bandwidth", values, memory);
    });
const ToxicType kResetPeer =
    in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
      return catalogued("reset_peer", values, memory);
    });
const ToxicType kTimeout = in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return catalogued("timeout", values, memory);
});
const ToxicType kLimit = in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return std::make_unique<LimitData>(values[0].number, LimitData::Ending::kClose, memory);
});
const ToxicType kStalled =
    in_window(0, [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(); });
const ToxicType kUnread = in_window(
    0, [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(0); });
const ToxicType kReset = in_window(0, [](const Attributes&, StageMemory& memory) -> Made {
  return std::make_unique<LimitTime>(0ms, LimitTime::Ending::kReset, memory);
});
const ToxicType kHalf = in_window(0, [](const Attributes&, StageMemory& memory) -> Made {
  return std::make_unique<LimitTime>(0ms, LimitTime::Ending::kFinish, memory);
});
const ToxicType kBroken = in_window(1, [](const Attributes& values, StageMemory& memory) -> Made {
  return std::make_unique<Corrupt>(Corrupt::Settings{.offset = values[0].number, .bits = 8},
                                   memory);
});
const ToxicType kStall =
    hand_made(0, [](const Attributes&, StageMemory&) -> Made { return std::make_unique<Stall>(); });

TEST_CASE("the inner toxic gets the bytes of its window, whatever the chunks", "[byte_window]") {
  ChainDriver driver;
  driver.add(kLag, {3, 6, 100});
  std::string at_once;
  SECTION("in one chunk") {
    driver.push("abcdefgh", kStart);
  }
  SECTION("byte by byte") {
    for (const char* byte : {"a", "b", "c", "d", "e", "f", "g", "h"}) driver.push(byte, kStart);
  }
  SECTION("cut at the bounds") {
    for (const char* bytes : {"abc", "def", "gh"}) driver.push(bytes, kStart);
  }
  CHECK(driver.pop(kStart + 99ms) == "abc");
  CHECK(driver.pop(kStart + 100ms) == "defgh");  // What comes behind cannot overtake.
  driver.push("i", kStart + 200ms);
  CHECK(driver.pop(kStart + 200ms) == "i");
}

TEST_CASE("an empty window never opens", "[byte_window]") {
  const std::int64_t until = GENERATE(0, 3, 5);
  ChainDriver driver;
  driver.add(kReset, {5, until});
  driver.push("0123456789", kStart);
  CHECK(driver.pop(kStart) == "0123456789");
}

TEST_CASE("a window from the first byte on is the toxic itself", "[byte_window]") {
  ChainDriver driver;
  driver.add(kReset, {0, kOpenEnd});
  CHECK(driver.pop(kStart) == "<reset>");
}

TEST_CASE("the inner toxic starts once the bytes before it have passed", "[byte_window]") {
  ChainDriver driver;
  driver.add(kTimeout, {5, kOpenEnd, 100});
  driver.push("01234", kStart + 1s);
  CHECK(driver.pop(kStart + 1s) == "01234");
  driver.push("swallowed", kStart + 1050ms);
  CHECK(driver.pop(kStart + 1099ms).empty());
  CHECK(driver.pop(kStart + 1100ms) == "<close>");
}

TEST_CASE("a toxic that does not read has the bytes before its window read, and no more",
          "[byte_window]") {
  ChainDriver driver;
  driver.add(kUnread, {5, kOpenEnd});
  CHECK(driver.chain.room() == 5);
  driver.push("012", kStart);
  CHECK(driver.pop(kStart) == "012");
  CHECK(driver.chain.room() == 2);
  driver.push("34", kStart);
  CHECK(driver.pop(kStart) == "34");
  CHECK(driver.chain.room() == 0);
}

TEST_CASE("behind the window of a toxic that does not read there is room", "[byte_window]") {
  ChainDriver driver;
  driver.add(kUnread, {2, 4});
  driver.push("012345", kStart);
  CHECK(driver.pop(kStart) == "012345");
  CHECK(driver.chain.room() > 0);
}

TEST_CASE("the end of a stream that never reached the window passes", "[byte_window]") {
  ChainDriver driver;
  driver.add(kStalled, {5, kOpenEnd});
  driver.push("0123", kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart) == "0123<fin>");
}

TEST_CASE("an end behind so many bytes comes behind them", "[byte_window]") {
  ChainDriver driver;
  driver.add(kHalf, {5, kOpenEnd});
  driver.push("0123456789", kStart);
  CHECK(driver.pop(kStart) == "01234<fin>");
}

TEST_CASE("bytes before a reset are sent before it", "[byte_window]") {
  ChainDriver driver;
  SECTION("all in the chunk that opens the window") {
    driver.add(kReset, {5, kOpenEnd});
    driver.push("0123456789", kStart);
    driver.chain.push(Finish{}, kStart);
    CHECK(driver.pop(kStart) == "01234");
    CHECK(driver.chain.next_due() == kStart + 1ns);
    CHECK(driver.pop(kStart + 1ns) == "<reset>");
  }
  SECTION("by a toxic that wakes for it in the same moment") {
    driver.add(kResetPeer, {5, kOpenEnd, 0});
    driver.push("0123456789", kStart);
    CHECK(driver.pop(kStart) == "01234");
    CHECK(driver.pop(kStart + 1ns) == "<reset>");
  }
  SECTION("unless it comes later") {
    driver.add(kResetPeer, {5, kOpenEnd, 100});
    driver.push("0123456789", kStart);
    CHECK(driver.pop(kStart + 100ms - 1ns) == "01234");
    CHECK(driver.pop(kStart + 100ms) == "<reset>");
  }
  SECTION("and if it is removed in that moment, the connection is closed") {
    const auto reset = driver.add(kReset, {5, kOpenEnd});
    driver.push("0123456789", kStart);
    driver.remove(reset, kStart);
    CHECK(driver.pop(kStart) == "01234<close>");
  }
}

TEST_CASE("bytes behind its window free what a stall holds", "[byte_window]") {
  ChainDriver driver;
  driver.add(kStalled, {3, 6});
  driver.push("abcdef", kStart);
  CHECK(driver.pop(kStart + 1h) == "abc");  // Inside until a byte says otherwise.
  driver.push("gh", kStart + 2h);
  CHECK(driver.pop(kStart + 2h) == "defgh");
}

/// Holds the first chunk, and gives all others a time.
class HoldsFirst final : public Toxic {
 public:
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override {
    out.send(std::move(chunk), std::exchange(first_, false) ? kNever : arrived);
  }

 private:
  bool first_ = true;
};

TEST_CASE("what waits behind a byte that is held for ever is freed with it", "[byte_window]") {
  const ToxicType type = in_window(
      0, [](const Attributes&, StageMemory&) -> Made { return std::make_unique<HoldsFirst>(); });
  ChainDriver driver;
  driver.add(type, {0, 6});
  for (const char* bytes : {"abc", "def"}) driver.push(bytes, kStart);
  CHECK(driver.pop(kStart + 1h).empty());
  driver.push("g", kStart + 2h);
  CHECK(driver.pop(kStart + 2h) == "abcdefg");
}

TEST_CASE("an end that a stall holds in its window is freed by removal", "[byte_window]") {
  ChainDriver driver;
  const auto stall = driver.add(kStalled, {3, 6});
  driver.push("abcd", kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 1h) == "abc");
  driver.remove(stall, kStart + 2h);
  CHECK(driver.pop(kStart + 2h) == "d<fin>");
}

TEST_CASE("a toxic that has eaten bytes closes where its window ends", "[byte_window]") {
  ChainDriver driver;
  driver.add(kTimeout, {3, 6, 0});
  driver.push("abcdef", kStart);
  CHECK(driver.pop(kStart + 1h) == "abc");
  driver.push("g", kStart + 2h);
  CHECK(driver.pop(kStart + 2h) == "<close>");
}

TEST_CASE("the inner toxic's wake is forgotten where its window ends", "[byte_window]") {
  ChainDriver driver;
  driver.add(kResetPeer, {3, 6, 1000});
  driver.push("abcdefgh", kStart);
  CHECK(driver.pop(kStart) == "abcdefgh");
  CHECK(driver.chain.next_due() == kNever);
  driver.push("i", kStart + 1h);
  CHECK(driver.pop(kStart + 1h) == "i");
}

TEST_CASE("the inner toxic counts bytes from where its window opens", "[byte_window]") {
  ChainDriver driver;
  driver.add(kLimit, {5, kOpenEnd, 3});
  driver.push("012345", kStart);
  CHECK(driver.pop(kStart) == "012345");
  driver.push("6789", kStart);
  CHECK(driver.pop(kStart) == "67<close>");
}

TEST_CASE("a changed window keeps its place in the stream", "[byte_window]") {
  ChainDriver driver;
  SECTION("and its inner toxic its count") {
    const auto limit = driver.add(kLimit, {5, kOpenEnd, 100});
    driver.push("0123456", kStart);
    driver.change(limit, {5, kOpenEnd, 3}, kStart);
    driver.push("789", kStart);
    CHECK(driver.pop(kStart) == "01234567<close>");
  }
  SECTION("though bytes on both sides of its start are held") {
    const auto broken = driver.add(kBroken, {25'000, kOpenEnd, 70'000});
    const auto stall = driver.add(kStall);
    for (int i = 0; i < 12; ++i) driver.push(std::string(10'000, '\0'), kStart);
    for (int i = 0; i < 3; ++i) driver.change(broken, {25'000, kOpenEnd, 95'000}, kStart);
    driver.push(std::string(10'000, '\0'), kStart);
    driver.remove(stall, kStart);
    std::string expected(130'000, '\0');
    expected[25'000 + 70'000] = expected[25'000 + 95'000] = '\xFF';
    CHECK((driver.pop(kStart) == expected));
  }
  SECTION("at its very end too: what has eaten bytes is still in force") {
    const auto timeout = driver.add(kTimeout, {3, 6, 0});
    driver.push("abcdef", kStart);
    driver.change(timeout, {3, 6, 0}, kStart);
    driver.push("g", kStart);
    CHECK(driver.pop(kStart) == "abc<close>");
  }
  SECTION("and lets go of a stall it has passed") {
    const auto stall = driver.add(kStalled, {3, kOpenEnd});
    driver.push("abcdef", kStart);
    CHECK(driver.pop(kStart + 1h) == "abc");
    driver.change(stall, {3, 5}, kStart + 1h);
    CHECK(driver.pop(kStart + 1h) == "def");
  }
}

TEST_CASE("a removed window lets go of all, and starts nothing", "[byte_window]") {
  ChainDriver driver;
  const auto timeout = driver.add(kTimeout, {3, kOpenEnd, 0});
  SECTION("before it opened") {
    driver.push("ab", kStart);
    driver.remove(timeout, kStart);
    CHECK(driver.pop(kStart) == "ab");
  }
  SECTION("while it is open: a toxic that has eaten bytes closes") {
    driver.push("abcd", kStart);
    driver.remove(timeout, kStart);
    CHECK(driver.pop(kStart) == "abc<close>");
  }
}

/// Pushes bytes through a window with a lossless toxic in it, and changes it now and then.
void live(std::uint64_t seed) {
  Random random(seed);
  const auto pick = [&](std::int64_t low, std::int64_t high) { return random.between(low, high); };
  const auto settings = [&](std::int64_t kind) -> Attributes {
    const std::int64_t after = pick(0, 20'000);
    const std::int64_t until = pick(0, 2) == 0 ? kOpenEnd : after + pick(-5, 20'000);
    if (kind == 0) return {after, until, pick(0, 50)};
    if (kind == 1) return {after, until, pick(0, 1000)};
    if (kind == 2) return {after, until, pick(0, 500), pick(0, 500), pick(0, 100)};
    if (kind == 3) return {after, until, pick(1, 1000), 1};
    return {after, until};
  };
  const std::vector<const ToxicType*> kinds = {&kLag, &kRate, &kSlicer, &kSharedRate, &kStalled};
  ChainDriver driver(64 * 1024);
  const std::int64_t kind = pick(0, 4);
  const auto id = driver.add(*kinds[static_cast<std::size_t>(kind)], settings(kind));
  std::string sent;
  std::string received;
  TimePoint now = kStart;
  for (int step = 0; step < 60; ++step) {
    now += Duration(pick(0, 20'000'000));
    const auto room = static_cast<std::int64_t>(driver.chain.room());
    if (pick(0, 9) == 0) {
      driver.change(id, settings(kind), now);
    } else if (room > 0) {
      std::string bytes(static_cast<std::size_t>(pick(1, std::min<std::int64_t>(room, 2000))), 'x');
      for (char& byte : bytes) byte = static_cast<char>(pick('a', 'z'));
      sent += bytes;
      driver.push(bytes, now, pick(0, 1) == 1);
    }
    received += driver.pop(now);
    REQUIRE(sent.compare(0, received.size(), received) == 0);
    REQUIRE(driver.chain.next_due() > now);
  }
  driver.chain.push(Finish{}, now);
  driver.remove(id, now);
  received += driver.pop(now);
  REQUIRE((received == sent + "<fin>"));
  REQUIRE(driver.chain.held_memory() == 0);
}

TEST_CASE("no window loses, invents or reorders a byte", "[byte_window][properties]") {
  Random seeds(Catch::rngSeed());
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t seed = seeds.next();
    INFO("life seed " << seed << ", suite seed " << Catch::rngSeed());
    live(seed);
  }
}

}  // namespace
}  // namespace faultline
