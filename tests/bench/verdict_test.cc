#include "bench/truth/verdict.h"

#include <catch2/catch.hpp>

namespace faultline::bench::truth {
namespace {

/// `late` of `count` echoes take 290 ms, the others 40.
Distribution echoes(int count, int late) {
  std::vector<double> values(static_cast<std::size_t>(count), 40);
  for (int i = 0; i < late; ++i) values[static_cast<std::size_t>(i)] = 290;
  return Distribution(values);
}

Distribution flat(double value) {
  return Distribution(std::vector<double>(1000, value));
}

TEST_CASE("a mean passes up to its tolerance, either way", "[verdict]") {
  CHECK(judge_mean(flat(100), flat(124), 0.25).passes);
  CHECK(judge_mean(flat(100), flat(76), 0.25).passes);
  CHECK_FALSE(judge_mean(flat(100), flat(126), 0.25).passes);
  CHECK_FALSE(judge_mean(flat(100), flat(74), 0.25).passes);
  CHECK(judge_mean(flat(100), flat(74), 0.25).ratio() == Approx(0.74));
}

TEST_CASE("a quantile off any cliff is compared as it is", "[verdict]") {
  const Judgement near = judge_quantile(flat(100), flat(119), 0.5, 0.2);
  CHECK(near.passes);
  CHECK_FALSE(near.cliff.has_value());
  CHECK_FALSE(judge_quantile(flat(100), flat(121), 0.5, 0.2).passes);
  CHECK_FALSE(judge_quantile(flat(100), flat(79), 0.5, 0.2).passes);
}

TEST_CASE("on a cliff either side passes if as many lie above it", "[verdict]") {
  const Distribution truth = echoes(20'000, 205);  // p99 is 290...
  const Distribution ours = echoes(20'000, 195);   // ...and here 40.
  const Judgement judgement = judge_quantile(truth, ours, 0.99, 0.3);
  REQUIRE(judgement.cliff.has_value());
  CHECK(judgement.truth == 290);
  CHECK(judgement.ours == 40);
  CHECK(judgement.cliff->limit > 40);
  CHECK(judgement.cliff->limit < 290);
  CHECK(judgement.cliff->truth_above == Approx(0.01025));
  CHECK(judgement.passes);
}

TEST_CASE("on a cliff the right value is not enough with the wrong share", "[verdict]") {
  const Distribution truth = echoes(20'000, 200);
  CHECK_FALSE(judge_quantile(truth, echoes(20'000, 0), 0.99, 0.3).passes);
  CHECK_FALSE(judge_quantile(truth, echoes(20'000, 135), 0.99, 0.3).passes);
  CHECK(judge_quantile(truth, echoes(20'000, 145), 0.99, 0.3).passes);
  CHECK(judge_quantile(truth, echoes(20'000, 255), 0.99, 0.3).passes);
  CHECK_FALSE(judge_quantile(truth, echoes(20'000, 400), 0.99, 0.3).passes);
}

TEST_CASE("on a cliff the right share is not enough with a wrong value", "[verdict]") {
  const Distribution truth = echoes(20'000, 250);  // Its band reaches down to 40.
  std::vector<double> slow(20'000, 40);
  for (std::size_t i = 0; i < 250; ++i) slow[i] = 900;
  const Judgement judgement = judge_quantile(truth, Distribution(slow), 0.99, 0.3);
  CHECK_FALSE(judgement.passes);
}

TEST_CASE("two small samples may differ by what chance does", "[verdict]") {
  // 1 % of 500 is 5; 3 and 8 are no sign of anything.
  CHECK(judge_quantile(echoes(500, 5), echoes(500, 8), 0.99, 0.3).passes);
  CHECK_FALSE(judge_quantile(echoes(50'000, 500), echoes(50'000, 800), 0.99, 0.3).passes);
}

}  // namespace
}  // namespace faultline::bench::truth
