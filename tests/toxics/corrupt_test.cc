#include "toxics/corrupt.h"

#include <bit>
#include <cmath>
#include <map>

#include "tests/toxics/chain_driver.h"
#include "tests/toxics/hand_made.h"
#include "toxics/stall.h"

namespace faultline {
namespace {

const ToxicType kCorrupt =
    hand_made(3, [](const Attributes& values, StageMemory& memory) -> std::unique_ptr<Toxic> {
      const Corrupt::Settings settings{.rate = values[0].decimal(),
                                       .offset = values[1].number,
                                       .bits = static_cast<int>(values[2].number)};
      return std::make_unique<Corrupt>(settings, memory);
    });
const ToxicType kStall =
    hand_made(0, [](const Attributes&, StageMemory&) -> std::unique_ptr<Toxic> {
      return std::make_unique<Stall>();
    });

constexpr std::int64_t kNone = -1;
constexpr std::int64_t kMillion = 1'000'000;

/// What was flipped where in so many zeros.
std::map<std::size_t, unsigned> flips_in(const std::string& received) {
  std::map<std::size_t, unsigned> flips;
  for (std::size_t i = 0; i < received.size(); ++i) {
    if (received[i] != '\0') flips[i] = static_cast<unsigned char>(received[i]);
  }
  return flips;
}

/// Sends zeros in pieces of up to `most` bytes, their sizes at random.
std::string send_zeros(ChainDriver& driver, std::size_t count, std::int64_t most, Random& random) {
  std::string received;
  while (count > 0) {
    const auto size = std::min(count, static_cast<std::size_t>(random.between(1, most)));
    driver.push(std::string(size, '\0'), kStart);
    received += driver.pop(kStart);
    count -= size;
  }
  return received;
}

TEST_CASE("how a stream is cut into chunks does not change what is corrupted", "[corrupt]") {
  CAPTURE(Catch::rngSeed());
  Random random(Catch::rngSeed());
  const std::int64_t rate = GENERATE(1, 100, 3'000, 500'000, kMillion);
  const std::size_t size = 50'000;
  ChainDriver whole;
  whole.add(kCorrupt, {rate, 12'345, 2});
  whole.push(std::string(size, '\0'), kStart);
  const std::string expected = whole.pop(kStart);
  CHECK(expected[12'345] != '\0');
  for (const std::int64_t most : {1, 7, 4096, 30'000}) {
    ChainDriver cut;
    cut.add(kCorrupt, {rate, 12'345, 2});
    REQUIRE((send_zeros(cut, size, most, random) == expected));
  }
}

TEST_CASE("each byte is hit with the given chance, by itself, wherever it is", "[corrupt]") {
  const std::int64_t rate = GENERATE(1'000, 20'000, 400'000);
  constexpr std::size_t kSize = 1 << 22;
  ChainDriver driver(1 << 24);
  driver.add(kCorrupt, {rate, kNone, 1});
  driver.push(std::string(kSize, '\0'), kStart);
  const auto flips = flips_in(driver.pop(kStart));
  const double p = static_cast<double>(rate) / kMillion;
  const auto near = [](std::size_t seen, double expected) {
    return std::abs(static_cast<double>(seen) - expected) < 5 * std::sqrt(expected);
  };
  CHECK(near(flips.size(), p * kSize));
  std::size_t pairs = 0;
  std::size_t at_a_start = 0;
  std::map<unsigned, std::size_t> masks;
  for (const auto& [position, mask] : flips) {
    pairs += flips.count(position + 1);
    if (position % 4096 < 16) ++at_a_start;
    ++masks[mask];
  }
  CHECK(near(pairs, p * p * kSize));
  CHECK(near(at_a_start, p * kSize * 16 / 4096));
  REQUIRE(masks.size() == 8);
  for (const auto& [mask, count] : masks) {
    CHECK(std::popcount(mask) == 1);
    CHECK(near(count, p * kSize / 8));
  }
}

TEST_CASE("so many bits of a byte that is hit are flipped as were asked for", "[corrupt]") {
  const std::int64_t bits = GENERATE(-3, 0, 1, 2, 5, 7, 8, 9, INT32_MAX);
  ChainDriver driver;
  driver.add(kCorrupt, {kMillion, kNone, bits});
  driver.push(std::string(3000, '\0'), kStart);
  const auto flips = flips_in(driver.pop(kStart));
  REQUIRE(flips.size() == 3000);
  for (const auto& [position, mask] : flips) {
    REQUIRE(std::popcount(mask) == static_cast<int>(std::clamp<std::int64_t>(bits, 1, 8)));
  }
}

TEST_CASE("an offset hits that byte and no other", "[corrupt]") {
  const std::int64_t offset = GENERATE(0, 1, 4095, 4096, 9'999);
  ChainDriver driver;
  driver.add(kCorrupt, {0, offset, 8});
  Random random(1);
  const auto flips = flips_in(send_zeros(driver, 10'000, 300, random));
  CHECK(flips == std::map<std::size_t, unsigned>{{static_cast<std::size_t>(offset), 0xFF}});
}

TEST_CASE("absurd settings hit nothing, or everything, and never hang", "[corrupt]") {
  StageMemory memory(1);
  class Last final : public Outlet {
   public:
    void send(Chunk chunk, TimePoint) override { text = chunk.bytes(); }
    void release(std::size_t, TimePoint) override {}
    void finish(TimePoint) override {}
    void close(TimePoint) override {}
    void reset() override {}
    void wake(TimePoint) override {}
    std::string text;
  } out;
  const auto hits = [&](double rate, std::uint64_t position) {
    memory.passed_bytes = position;
    Corrupt corrupt({.rate = rate, .offset = INT64_MIN, .bits = 1}, memory);
    corrupt.on_data(Chunk(std::string(100, '\0')), kStart, out);
    return flips_in(out.text).size();
  };
  for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{1} << 60U}) {
    CHECK(hits(-1, position) == 0);
    CHECK(hits(std::nan(""), position) == 0);
    CHECK(hits(1e-300, position) == 0);
    CHECK(hits(5e-324, position) == 0);
    CHECK(hits(std::nextafter(1.0, 0.0), position) == 100);
    CHECK(hits(1e300, position) == 100);
  }
}

TEST_CASE("a chunk's bytes are shared: others that hold them see no damage", "[corrupt]") {
  ChainDriver driver;
  driver.add(kCorrupt, {kMillion, kNone, 8});
  const Chunk shared("precious");
  driver.chain.push(shared, kStart);
  CHECK(driver.pop(kStart) != "precious");
  CHECK(shared.bytes() == "precious");
}

TEST_CASE("links and keys are damaged each in their own places", "[corrupt]") {
  ChainDriver driver;
  driver.add(kCorrupt, {10'000, kNone, 1});
  driver.push(std::string(50'000, '\0'), kStart);
  const std::string first = driver.pop(kStart);
  ChainDriver other;
  other.add("noop", {});
  other.add(kCorrupt, {10'000, kNone, 1});  // The second toxic: another key.
  other.push(std::string(50'000, '\0'), kStart);
  CHECK((other.pop(kStart) != first));
}

TEST_CASE("changed settings leave alone what was let go, though it is still held", "[corrupt]") {
  constexpr std::size_t kFirst = 100'000;
  ChainDriver plain;
  plain.add(kCorrupt, {10'000, kNone, 1});
  plain.push(std::string(kFirst, '\0'), kStart);
  const std::string expected = plain.pop(kStart);

  ChainDriver driver;
  const auto corrupt = driver.add(kCorrupt, {10'000, kNone, 1});
  const auto stall = driver.add(kStall);
  for (std::size_t i = 0; i < kFirst; i += 20'000) driver.push(std::string(20'000, '\0'), kStart);
  const std::int64_t rate = GENERATE(10'000, 0, kMillion);
  driver.change(corrupt, {0, 0, 1}, kStart);
  driver.change(corrupt, {rate, kFirst, 1}, kStart);
  driver.push(std::string(1000, '\0'), kStart);
  driver.remove(stall, kStart);
  const std::string received = driver.pop(kStart);
  CHECK((received.substr(0, kFirst) == expected));
  CHECK(received[kFirst] != '\0');  // The offset counts from when the toxic came.
  const std::size_t later = flips_in(received.substr(kFirst)).size();
  if (rate == 0) CHECK(later == 1);
  if (rate == kMillion) CHECK(later == 1000);
}

}  // namespace
}  // namespace faultline
