#include "toxics/burst_scores.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace faultline {
namespace {

constexpr std::uint64_t kSeed = 20'240'601;

std::vector<double> first_scores(double correlation, std::uint32_t count) {
  BurstScores scores(kSeed, correlation);
  std::vector<double> all(count);
  for (std::uint32_t burst = 0; burst < count; ++burst) all[burst] = scores.at(burst);
  return all;
}

/// The mean of score * score `lag` bursts later, which is their correlation: mean 0, variance 1.
double correlation_at(const std::vector<double>& scores, std::size_t lag) {
  double sum = 0;
  for (std::size_t i = lag; i < scores.size(); ++i) sum += scores[i] * scores[i - lag];
  return sum / static_cast<double>(scores.size() - lag);
}

TEST_CASE("scores n bursts apart correlate by correlation^n", "[burst_scores]") {
  CAPTURE(kSeed);
  for (const double correlation : {0.0, 0.2, 0.5, 0.9, 0.99}) {
    constexpr std::uint32_t kCount = 400'000;
    const std::vector<double> scores = first_scores(correlation, kCount);
    double mean = 0;
    for (const double score : scores) mean += score / kCount;
    // So many independent scores would say as much about their mean, and at least as much
    // about products of theirs; the bound is five standard errors, and a product varies by 2.
    const double worth = kCount * (1 - correlation) / (1 + correlation);
    CAPTURE(correlation);
    CHECK(std::abs(mean) < 5 / std::sqrt(worth));
    for (const std::size_t lag : {0U, 1U, 2U, 3U, 7U, 16U, 50U}) {
      CAPTURE(lag);
      const double expected = std::pow(correlation, lag);
      CHECK(std::abs(correlation_at(scores, lag) - expected) < 5 * std::sqrt(2 / worth));
    }
  }
}

TEST_CASE("a score remembers its neighbour and nothing else", "[burst_scores]") {
  // What an AR(1) process adds to correlation * the last is new: alike with nothing before it.
  CAPTURE(kSeed);
  constexpr double kCorrelation = 0.9;
  const std::vector<double> scores = first_scores(kCorrelation, 200'000);
  std::vector<double> added;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    added.push_back((scores[i] - kCorrelation * scores[i - 1]) /
                    std::sqrt(1 - kCorrelation * kCorrelation));
  }
  const double bound = 5 / std::sqrt(static_cast<double>(added.size()));
  CHECK(correlation_at(added, 0) == Approx(1).margin(bound * std::sqrt(2)));
  for (std::size_t lag = 1; lag <= 40; ++lag) {
    CAPTURE(lag);
    CHECK(std::abs(correlation_at(added, lag)) < bound);
  }
}

TEST_CASE("a burst's score depends on no other question", "[burst_scores]") {
  CAPTURE(kSeed);
  for (const double correlation : {0.0, 0.5, 0.999, 1.0}) {
    const std::vector<double> scores = first_scores(correlation, 3000);
    BurstScores again(kSeed, correlation);
    Random order(kSeed);
    for (int i = 0; i < 10'000; ++i) {
      const auto burst = static_cast<std::uint32_t>(order.between(0, 2999));
      REQUIRE(again.at(burst) == scores[burst]);
      if (i % 3 == 0) REQUIRE(again.at(burst) == scores[burst]);
    }
  }
}

TEST_CASE("any burst and any correlation has a score, and each key its own", "[burst_scores]") {
  for (const double correlation : {-1.0, 0.0, 1e-300, 0.5, 0.999999, 1.0, 7.0}) {
    CAPTURE(correlation);
    BurstScores scores(kSeed, correlation);
    CHECK(std::isfinite(scores.at(UINT32_MAX)));
    CHECK(std::isfinite(scores.at(0)));
    CHECK(scores.at(0) != BurstScores(kSeed + 1, correlation).at(0));
  }
  CHECK(BurstScores(kSeed, -1).at(5) == BurstScores(kSeed, 0).at(5));
  CHECK(BurstScores(kSeed, 7).at(5) == BurstScores(kSeed, BurstScores::kMostCorrelation).at(5));
}

}  // namespace
}  // namespace faultline
