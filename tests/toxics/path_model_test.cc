// The toxic on the simulated path, in a chain and in made-up time.

#include "toxics/path_model.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/toxics/chain_driver.h"
#include "toxics/toxic_chain.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

/// Attributes: RTT in ms, loss in percent, whether it adds delay, handshake in ms, KB/s.
std::unique_ptr<Toxic> make(const Attributes& attributes, StageMemory& memory) {
  PathModelSettings settings;
  settings.path.rtt = saturated_milliseconds(attributes[0].number);
  settings.path.loss.loss = static_cast<double>(attributes[1].number) / 100;
  settings.path.adds_delay = attributes[2].number != 0;
  settings.handshake = saturated_milliseconds(attributes[3].number);
  settings.path.bytes_per_second = static_cast<std::uint64_t>(attributes[4].number) * 1000;
  return std::make_unique<PathModel>(settings, memory);
}

class PathDriver {
 public:
  void set(Attributes attributes, TimePoint now) {
    attributes.resize(5);
    attributes_ = std::move(attributes);
    chain.arrange({{.id = 1,
                    .revision = ++revision_,
                    .type = &type_,
                    .attributes = &attributes_,
                    .chance_key = 5}},
                  now);
  }
  void remove(TimePoint now) { chain.arrange({}, now); }
  void push(std::string_view bytes, TimePoint now) { chain.push(Chunk(bytes), now); }

  std::string pop(TimePoint now) {
    std::string text;
    while (const std::optional<Signal> signal = chain.pop(now)) {
      const Chunk* chunk = std::get_if<Chunk>(&*signal);
      text += chunk != nullptr ? chunk->bytes() : "<fin>";
    }
    return text;
  }

  ToxicChain chain{std::size_t{1} << 24U};

 private:
  const ToxicType type_{.name = "path", .summary = "", .attributes = {}, .make = make};
  Attributes attributes_;
  std::uint64_t revision_ = 0;
};

std::string stream(std::size_t bytes) {
  Random random(3);
  std::string text;
  while (text.size() < bytes) text += static_cast<char>('a' + random.between(0, 25));
  return text;
}

TEST_CASE("a path without loss costs half an RTT, and FIN as much", "[path_model]") {
  PathDriver driver;
  driver.set({40, 0, 1}, kStart);
  driver.push("hello", kStart);
  CHECK(driver.pop(kStart + 20ms - 1ns).empty());
  CHECK(driver.pop(kStart + 20ms) == "hello");
  driver.chain.push(Finish{}, kStart + 30ms);
  CHECK(driver.pop(kStart + 50ms - 1ns).empty());
  CHECK(driver.pop(kStart + 50ms) == "<fin>");
  CHECK(driver.chain.held_memory() == 0);
}

TEST_CASE("a long answer comes in the rounds of slow start", "[path_model]") {
  PathDriver driver;
  driver.set({40, 0, 1}, kStart);
  driver.push(std::string(100'000, 'x'), kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 20ms).size() == 10 * 1448);
  CHECK(driver.pop(kStart + 60ms).size() == 20 * 1448);
  const std::string rest = driver.pop(kStart + 100ms);
  CHECK(rest.size() == 100'000 - 30 * 1448 + std::string_view("<fin>").size());
  CHECK(rest.ends_with("x<fin>"));
}

TEST_CASE("packet loss without loss does not look at bytes, nor delay them", "[path_model]") {
  PathDriver driver;
  driver.set({40, 0, 0}, kStart);
  CHECK(driver.chain.is_transparent());
  driver.push("hello", kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart) == "hello<fin>");
}

TEST_CASE("packet loss delivers at once what is not lost, late what is", "[path_model]") {
  PathDriver driver;
  driver.set({40, 20, 0}, kStart);
  int on_time = 0;
  for (int i = 0; i < 500; ++i) {
    const TimePoint now = kStart + i * 1min;
    driver.push("x", now);
    if (driver.pop(now) == "x") {
      ++on_time;
      continue;
    }
    REQUIRE(driver.pop(now + 239ms).empty());
    REQUIRE(driver.pop(now + 59s) == "x");
  }
  CHECK(on_time > 370);
  CHECK(on_time < 430);
}

TEST_CASE("the first byte waits for the handshake, and so does FIN", "[path_model]") {
  PathDriver driver;
  driver.set({40, 0, 1, 1040}, kStart);
  driver.push("hel", kStart);
  driver.push("lo", kStart + 100ms);
  SECTION("with data") {
    CHECK(driver.pop(kStart + 1060ms - 1ns).empty());
    CHECK(driver.pop(kStart + 1060ms) == "hello");
  }
  SECTION("with FIN") {
    driver.chain.push(Finish{}, kStart + 200ms);
    CHECK(driver.pop(kStart + 1060ms) == "hello<fin>");
  }
}

TEST_CASE("what is sent comes out, byte for byte, in order, then FIN, whatever is lost or changed",
          "[path_model]") {
  const auto seed = static_cast<std::uint64_t>(GENERATE(1, 2, 3, 4, 5, 6, 7, 8));
  CAPTURE(seed);
  Random random(seed);
  const std::string sent = stream(300'000);
  PathDriver driver;
  std::string received;
  std::size_t pushed = 0;
  TimePoint now = kStart;
  const auto change = [&] {
    driver.set({random.between(0, 80), random.between(0, 30), random.between(0, 1),
                random.between(0, 1) * 50, random.between(0, 1) * 100},
               now);
  };
  change();
  while (pushed < sent.size()) {
    const auto size = static_cast<std::size_t>(random.between(1, 20'000));
    driver.push(std::string_view(sent).substr(pushed, size), now);
    pushed = std::min(pushed + size, sent.size());
    now += Duration(random.between(0, 100'000'000));
    received += driver.pop(now);
    if (random.unit() < 0.2) change();
    if (random.unit() < 0.05) driver.remove(now);
    if (random.unit() < 0.05) change();
  }
  driver.chain.push(Finish{}, now);
  if (random.unit() < 0.5) change();
  for (int events = 0; driver.chain.next_due() != kNever; ++events) {
    REQUIRE(events < 1'000'000);
    now = std::max(now, driver.chain.next_due());
    received += driver.pop(now);
  }
  REQUIRE(received.ends_with("<fin>"));
  received.resize(received.size() - std::string_view("<fin>").size());
  CHECK((received == sent));
  CHECK(driver.chain.held_memory() == 0);
}

TEST_CASE("other settings begin anew with what is held, and removal lets go of it",
          "[path_model]") {
  PathDriver driver;
  driver.set({40, 100, 1}, kStart);
  driver.push("held", kStart);
  driver.chain.push(Finish{}, kStart);
  CHECK(driver.pop(kStart + 1h).empty());
  SECTION("other settings") {
    driver.set({60, 0, 1}, kStart + 1h);
    CHECK(driver.pop(kStart + 1h + 30ms - 1ns).empty());
    CHECK(driver.pop(kStart + 1h + 30ms) == "held<fin>");
  }
  SECTION("no loss") {
    driver.set({40, 0, 0}, kStart + 1h);
    CHECK(driver.pop(kStart + 1h) == "held<fin>");
  }
  SECTION("removal") {
    driver.remove(kStart + 1h);
    CHECK(driver.pop(kStart + 1h) == "held<fin>");
  }
}

TEST_CASE("changes ten times a second hold up nothing, and keep the pace", "[path_model]") {
  PathDriver driver;
  SECTION("of a long round trip") {
    driver.set({400, 0, 1}, kStart);
    driver.push("hello", kStart);
    driver.set({400, 0, 1}, kStart + 100ms);
    CHECK(driver.pop(kStart + 200ms - 1ns).empty());
    driver.set({400, 0, 1}, kStart + 200ms);
    CHECK(driver.pop(kStart + 200ms) == "hello");
  }
  SECTION("of a slow line") {
    driver.set({40, 0, 1, 0, 100}, kStart);
    driver.push(std::string(100'000, 'x'), kStart);
    driver.chain.push(Finish{}, kStart);
    std::string received;
    for (int i = 1; i <= 12; ++i) {
      received += driver.pop(kStart + i * 100ms);
      CAPTURE(i);
      CHECK(received.size() <= static_cast<std::size_t>(i) * 10'000);
      CHECK(received.size() + 5'000 >= std::min(i, 10) * std::size_t{9'650});
      driver.set({40, 0, 1, 0, 100}, kStart + i * 100ms);
    }
    CHECK(received.size() == 100'000 + std::string_view("<fin>").size());
  }
  SECTION("of a lone FIN") {
    driver.set({400, 0, 1}, kStart);
    driver.chain.push(Finish{}, kStart);
    for (int i = 1; i <= 2; ++i) {
      CHECK(driver.pop(kStart + i * 100ms - 1ns).empty());
      driver.set({400, 0, 1}, kStart + i * 100ms);
    }
    CHECK(driver.pop(kStart + 200ms) == "<fin>");
  }
}

TEST_CASE("what is on the way arrives as if the new round trip had been there", "[path_model]") {
  PathDriver driver;
  driver.set({400, 0, 1}, kStart);
  driver.push("hello", kStart);
  SECTION("shorter") {
    driver.set({100, 0, 1}, kStart + 40ms);
    CHECK(driver.pop(kStart + 50ms - 1ns).empty());
    CHECK(driver.pop(kStart + 50ms) == "hello");
  }
  SECTION("so much shorter that it is late") {
    driver.set({100, 0, 1}, kStart + 150ms);
    CHECK(driver.pop(kStart + 150ms) == "hello");
  }
  SECTION("longer") {
    driver.set({1000, 0, 1}, kStart + 40ms);
    CHECK(driver.pop(kStart + 500ms - 1ns).empty());
    CHECK(driver.pop(kStart + 500ms) == "hello");
  }
}

TEST_CASE("a handshake is charged once, whatever is changed meanwhile", "[path_model]") {
  PathDriver driver;
  driver.set({40, 0, 1, 1040}, kStart);
  driver.push("hello", kStart);
  for (int i = 1; i <= 10; ++i) driver.set({60, 0, 1, 1060}, kStart + i * 100ms);
  CHECK(driver.pop(kStart + 1070ms - 1ns).empty());
  CHECK(driver.pop(kStart + 1070ms) == "hello");
}

TEST_CASE("a ramp lets a new connection begin, and an open one has no handshake", "[path_model]") {
  const ToxicType& path = *find_toxic_type("path");
  const auto rtt = static_cast<std::size_t>(path.attribute_index("rtt"));
  Attributes attributes = path.default_attributes();
  attributes[rtt] = 80 * AttributeValue::kMillion;
  StagePlan plan{.id = 1, .type = &path, .attributes = &attributes, .chance_key = 5};
  SECTION("new") {
    plan.is_new = true;
  }
  SECTION("open") {
    plan.is_new = false;
  }
  const Duration due = plan.is_new ? 120ms : 40ms;
  ToxicChain chain{std::size_t{1} << 24U};
  chain.arrange({plan}, kStart);
  chain.push(Chunk("x"), kStart);
  for (TimePoint step = kStart + 30ms; step < kStart + due; step += 30ms) {
    ++plan.revision;
    chain.arrange({plan}, step);
  }
  CHECK_FALSE(chain.pop(kStart + due - 1ns));
  CHECK(chain.pop(kStart + due));
}

TEST_CASE("a path for later bytes may be changed before they come, and after", "[path_model]") {
  const ToxicType& path = *find_toxic_type("path");
  Attributes attributes = path.default_attributes();
  attributes[static_cast<std::size_t>(path.attribute_index("rtt"))] = 80 * AttributeValue::kMillion;
  StagePlan plan{.id = 1, .type = &path, .attributes = &attributes, .chance_key = 5};
  plan.bytes = ByteWindow::Bounds{.after = 3};
  ToxicChain chain{std::size_t{1} << 24U};
  const auto change = [&](TimePoint now) {
    ++plan.revision;
    chain.arrange({plan}, now);
  };
  const auto pop = [&](TimePoint now) {
    const std::optional<Signal> signal = chain.pop(now);
    return signal ? std::string(std::get<Chunk>(*signal).bytes()) : "";
  };
  change(kStart);
  change(kStart + 10ms);
  chain.push(Chunk("abcdef"), kStart + 20ms);
  CHECK(pop(kStart + 20ms) == "abc");
  for (TimePoint now = kStart + 30ms; now < kStart + 60ms; now += 10ms) change(now);
  CHECK(pop(kStart + 60ms - 1ns).empty());
  CHECK(pop(kStart + 60ms) == "def");
}

TEST_CASE("a fast path wakes its link each 0.1 ms at most, and keeps its rate", "[path_model]") {
  PathDriver driver;
  driver.set({10, 0, 1, 0, 100'000}, kStart);
  driver.push(std::string(10'000'000, 'x'), kStart);
  std::size_t received = 0;
  TimePoint last = kStart;
  int wakes = 0;
  while (driver.chain.next_due() != kNever) {
    const TimePoint now = driver.chain.next_due();
    const std::size_t bytes = driver.pop(now).size();
    received += bytes;
    if (bytes > 0) last = now;
    ++wakes;
  }
  CHECK(received == 10'000'000);
  // 65 ms of slow start, and 95 ms at the rate for the rest.
  CHECK(std::chrono::duration<double>(last - kStart).count() == Approx(0.16).epsilon(0.15));
  CHECK(wakes < 4500);
}

}  // namespace
}  // namespace faultline
