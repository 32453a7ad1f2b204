#include "cli/assertion.h"

#include <catch2/catch.hpp>

namespace faultline {

namespace {

using Json = nlohmann::ordered_json;
using Verdict = Assertion::Verdict;

Assertion claim(const std::string& text) {
  const auto parsed = Assertion::parse(text);
  if (!parsed) FAIL(parsed.error().message);
  return *parsed;
}

Verdict verdict(const std::string& text, const Json& counts) {
  const Assertion assertion = claim(text);
  const auto values = assertion.values_in(counts);
  if (!values) FAIL(values.error().message);
  return assertion.verdict_of(counts, *values);
}

Json effect_of(int matched, int cut, int crossed) {
  return {{"partition", "b-cut"}, {"matched", matched}, {"cut", cut}, {"crossed", crossed}};
}

}  // namespace

TEST_CASE("a claim is about a toxic or a partition, and may say more than one thing",
          "[assertion]") {
  const Assertion toxic = claim("toxic redis/slow applied >= 10");
  CHECK(toxic.proxy == "redis");
  CHECK(toxic.toxic == "slow");
  CHECK(toxic.partition.empty());
  REQUIRE(toxic.comparisons.size() == 1);
  CHECK(toxic.comparisons[0].count == "applied");
  const Assertion partition = claim("partition b-cut crossed == 0 and matched > 0");
  CHECK(partition.partition == "b-cut");
  REQUIRE(partition.comparisons.size() == 2);
  CHECK(partition.comparisons[1].count == "matched");
  CHECK(partition.comparisons[1].comparison == ">");
  for (const char* wrong :
       {"", "partition", "partition b-cut", "partition b-cut crossed",
        "partition b-cut crossed = 0", "partition b-cut crossed == x",
        "partition b-cut crossed == 0 and", "partition b-cut crossed == 0 or matched > 0",
        "zone b crossed == 0", "toxic slow met > 1", "partition b-cut crossed == inf"}) {
    INFO(wrong);
    const auto parsed = Assertion::parse(wrong);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == "`" + std::string(wrong) +
                                        "` is no claim like `toxic redis/slow applied >= 10` or " +
                                        "`partition b-cut crossed == 0 and matched > 0`");
  }
}

TEST_CASE("a claim about a partition holds, fails, or is about nothing", "[assertion]") {
  CHECK(verdict("partition b-cut crossed == 0", effect_of(6, 6, 0)) == Verdict::kHolds);
  CHECK(verdict("partition b-cut crossed == 0", effect_of(6, 6, 1)) == Verdict::kFails);
  CHECK(verdict("partition b-cut crossed == 0 and cut > 6", effect_of(6, 6, 0)) == Verdict::kFails);
  // Nothing matched: a claim that says nothing of that is about nothing.
  CHECK(verdict("partition b-cut crossed == 0", effect_of(0, 0, 0)) == Verdict::kInconclusive);
  CHECK(verdict("partition b-cut crossed == 0 and matched > 0", effect_of(0, 0, 0)) ==
        Verdict::kInconclusive);
  CHECK(verdict("partition b-cut cut >= 1", effect_of(0, 0, 0)) == Verdict::kInconclusive);
  CHECK(verdict("partition b-cut matched == 0", effect_of(0, 0, 0)) == Verdict::kHolds);
  // What has leaked has failed, whatever matched.
  CHECK(verdict("partition b-cut crossed == 0", effect_of(0, 0, 3)) == Verdict::kFails);
  CHECK(verdict("toxic redis/slow applied == 0", {{"applied", 0}}) == Verdict::kHolds);
  CHECK(verdict("toxic redis/slow applied > 0", {{"applied", 0}}) == Verdict::kFails);
}

TEST_CASE("a claim says what is not so, and which counts there are", "[assertion]") {
  CHECK(claim("toxic redis/slow applied >= 10").objection({3}) == "it is 3");
  CHECK(claim("partition x crossed == 0 and matched > 0 and cut > 1").objection({12, 0, 2}) ==
        "crossed is 12 and matched is 0");
  const auto values = claim("partition x crosed == 0").values_in(effect_of(1, 1, 0));
  REQUIRE_FALSE(values);
  CHECK(values.error().message ==
        "a partition has no count `crosed`; did you mean `crossed`?; there are: matched, cut, "
        "crossed");
}

}  // namespace faultline
