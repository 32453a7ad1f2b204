#include "base/random.h"

#include <limits>
#include <set>

namespace faultline {
namespace {

TEST_CASE("the same key gives the same draws, another key others", "[random]") {
  Random one(42);
  Random same(42);
  Random other(43);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t draw = one.next();
    CHECK(draw == same.next());
    CHECK(draw != other.next());
  }
}

TEST_CASE("between includes both ends and nothing else", "[random]") {
  Random random(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 2));
  CHECK(seen == std::set<std::int64_t>{-2, -1, 0, 1, 2});
  CHECK(random.between(5, 5) == 5);

  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  int negative = 0;
  for (int i = 0; i < 1000; ++i) negative += random.between(kMin, kMax) < 0 ? 1 : 0;
  CHECK(negative > 400);
  CHECK(negative < 600);
}

TEST_CASE("unit draws are even and stay below one", "[random]") {
  Random random(9);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double draw = random.unit();
    REQUIRE(draw >= 0);
    REQUIRE(draw < 1);
    sum += draw;
  }
  CHECK(sum / 100'000 == Approx(0.5).margin(0.005));
}

TEST_CASE("derived keys differ by name and by number", "[random]") {
  std::set<std::uint64_t> keys = {derive_key(1, "a"), derive_key(1, "b"),  derive_key(2, "a"),
                                  derive_key(1, ""),  derive_key(1, "ab"), derive_key(1, "ba")};
  CHECK(keys.size() == 6);
  for (std::uint64_t i = 0; i < 1000; ++i) keys.insert(derive_key(1, i));
  CHECK(keys.size() == 1006);
}

}  // namespace
}  // namespace faultline
