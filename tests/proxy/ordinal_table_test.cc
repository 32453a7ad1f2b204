#include "proxy/ordinal_table.h"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "base/random.h"

namespace faultline {
namespace {

std::vector<int> all_of(const OrdinalTable<int>& table) {
  std::vector<int> all;
  table.for_each([&](int value) { all.push_back(value); });
  return all;
}

}  // namespace

TEST_CASE("a walk begins where it is told to, and ends when it is enough", "[ordinal_table]") {
  OrdinalTable<int> table;
  for (const int value : {2, 3, 5, 8}) {
    table.add(static_cast<std::uint64_t>(value), std::make_unique<int>(value));
  }
  std::vector<int> seen;
  table.walk(3, [&](int value) {
    seen.push_back(value);
    return value < 5;
  });
  CHECK(seen == std::vector<int>{3, 5});
  seen.clear();
  table.walk(9, [&](int value) {
    seen.push_back(value);
    return true;
  });
  CHECK(seen.empty());
}

TEST_CASE("what a walk takes out is not met again, and the rest is", "[ordinal_table]") {
  OrdinalTable<int> table;
  for (int value = 0; value < 6; ++value) {
    table.add(static_cast<std::uint64_t>(value), std::make_unique<int>(value));
  }
  std::vector<int> seen;
  table.for_each([&](int value) {
    seen.push_back(value);
    if (value == 1) table.take(1);
    if (value == 2) table.take(4);
  });
  CHECK(seen == std::vector<int>{0, 1, 2, 3, 5});
  CHECK(all_of(table) == std::vector<int>{0, 2, 3, 5});
}

TEST_CASE("a table knows what it should, whatever comes and goes", "[ordinal_table]") {
  constexpr std::uint64_t kSeed = 5;
  INFO("seed " << kSeed);
  Random random(kSeed);
  OrdinalTable<int> table;
  std::map<std::uint64_t, int> expected;
  std::uint64_t ordinal = 0;
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = random.unit() < (step / 4'000 % 2 == 0 ? 0.7 : 0.3);
    if (grows) {
      ordinal += static_cast<std::uint64_t>(random.between(1, 3));
      expected[ordinal] = step;
      REQUIRE(table.add(ordinal, std::make_unique<int>(step)) == step);
    } else if (!expected.empty()) {
      auto gone = expected.lower_bound(random.next() % ordinal);
      if (gone == expected.end()) gone = expected.begin();
      REQUIRE(*table.take(gone->first) == gone->second);
      REQUIRE(table.find(gone->first) == nullptr);
      expected.erase(gone);
    }
    REQUIRE(table.size() == expected.size());
    if (step % 500 != 0) continue;
    std::vector<int> values;
    for (const auto& [key, value] : expected) {
      values.push_back(value);
      REQUIRE(*table.find(key) == value);
    }
    REQUIRE(all_of(table) == values);
  }
}

}  // namespace faultline
