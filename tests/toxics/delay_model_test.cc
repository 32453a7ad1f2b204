// Each model's delays against its definition, by the test of Kolmogorov and Smirnov.

#include "toxics/delay_model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>

#include "tests/toxics/kolmogorov.h"
#include "toxics/burst_scores.h"
#include "toxics/normal.h"

namespace faultline {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSeed = 31;

/// `count` delays in ms, sorted, each `stride` bursts after the one before.
std::vector<double> draw(const DelayModel& model, double correlation, std::uint32_t count,
                         std::uint32_t stride) {
  BurstScores scores(kSeed, correlation);
  std::vector<double> delays(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    delays[i] = static_cast<double>(model.at(scores.at(i * stride)).count()) / 1e6;
  }
  std::sort(delays.begin(), delays.end());
  return delays;
}

void check_marginal(const std::string& name, const DelayModel& model, const Share& share) {
  for (const double correlation : {0.0, 0.5, 0.9}) {
    CAPTURE(kSeed, name, correlation);
    // So far apart that the correlation left is below 0.001: as good as independent.
    constexpr std::uint32_t kCount = 20'000;
    const std::uint32_t stride = correlation == 0 ? 1 : correlation == 0.5 ? 10 : 66;
    const double apart = ks_distance(draw(model, correlation, kCount, stride), share);
    CHECK(apart < kKolmogorovBound / std::sqrt(kCount));
    // And side by side. Whether a delay is below a time correlates by at most what the scores do,
    // so these are worth at least so many independent ones.
    constexpr std::uint32_t kMany = 100'000;
    const double worth = kMany * (1 - correlation) / (1 + correlation);
    CHECK(ks_distance(draw(model, correlation, kMany, 1), share) <
          kKolmogorovBound / std::sqrt(worth));
  }
}

double clamped(double share) {
  return std::clamp(share, 0.0, 1.0);
}

SampleTable table_of(const std::string& text) {
  Result<SampleTable> table = SampleTable::parse(text);
  REQUIRE(table);
  return std::move(*table);
}

DelayModel made(const Result<DelayModel>& model) {
  INFO((model ? "" : model.error().message));
  REQUIRE(model);
  return *model;
}

/// What a table for netem holds: values at equal shares of a normal, in any order.
SampleTable normal_netem_table(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const double p = (((i * 7) % count) + 0.5) / count;
    text += std::to_string(std::lround(8192 * normal_quantile(p)));
    text += i % 8 == 7 ? "\n" : " ";
  }
  return table_of(text);
}

TEST_CASE("uniform delays are uniform, cut at 0", "[delay_model]") {
  check_marginal("all above 0", DelayModel::uniform(50ms, 20ms),
                 [](double ms) { return clamped((ms - 30) / 40); });
  check_marginal("a quarter cut", DelayModel::uniform(10ms, 20ms),
                 [](double ms) { return clamped((ms + 10) / 40); });
}

TEST_CASE("normal delays are normal, cut at 0", "[delay_model]") {
  check_marginal("all above 0", made(DelayModel::normal(100ms, 10ms)),
                 [](double ms) { return normal_cdf((ms - 100) / 10); });
  check_marginal("a sixth cut", made(DelayModel::normal(20ms, 20ms)),
                 [](double ms) { return normal_cdf((ms - 20) / 20); });
}

TEST_CASE("lognormal delays have their median and sigma, those above max drawn again",
          "[delay_model]") {
  const auto uncut = [](double ms) { return normal_cdf(std::log(ms / 80) / 0.7); };
  check_marginal("no max", made(DelayModel::lognormal(80ms, 0.7)), uncut);
  check_marginal("half cut", made(DelayModel::lognormal(80ms, 0.7, 80ms)),
                 [&](double ms) { return clamped(uncut(ms) / uncut(80)); });
  check_marginal("few cut", made(DelayModel::lognormal(80ms, 0.7, 300ms)),
                 [&](double ms) { return clamped(uncut(ms) / uncut(300)); });
}

TEST_CASE("pareto delays have their scale and shape, those above max drawn again",
          "[delay_model]") {
  const auto uncut = [](double ms) { return clamped(1 - std::pow(10 / ms, 1.2)); };
  check_marginal("no max", made(DelayModel::pareto(10ms, 1.2)), uncut);
  check_marginal("cut", made(DelayModel::pareto(10ms, 1.2, 100ms)),
                 [&](double ms) { return clamped(uncut(ms) / uncut(100)); });
}

TEST_CASE("netem's pareto has its shape, moved, stretched and cut", "[delay_model]") {
  check_marginal("netem_pareto", made(DelayModel::netem_pareto(100ms, 20ms)), [](double ms) {
    const double units = (ms - 100) / 20;
    if (units >= 32767.0 / 8192) return 1.0;
    return clamped(1 - std::pow(std::max(units * 0.75 + 1.5, 1.0), -3));
  });
}

TEST_CASE("exponential delays have their mean", "[delay_model]") {
  check_marginal("exponential", made(DelayModel::exponential(30ms)),
                 [](double ms) { return 1 - std::exp(-ms / 30); });
}

TEST_CASE("empirical delays are those measured, and evenly between", "[delay_model]") {
  const SampleTable measured = table_of("40 10 10.5 200 11 10 12");  // Sorted: two of 10.
  check_marginal("empirical", made(DelayModel::empirical(measured)), [](double ms) {
    const std::vector<double> x = {10, 10, 10.5, 11, 12, 40, 200};
    if (ms >= x.back()) return 1.0;
    const auto above = std::upper_bound(x.begin(), x.end(), ms);
    if (above == x.begin()) return 0.0;
    const double low = *(above - 1);
    return (static_cast<double>(above - x.begin() - 1) + (ms - low) / (*above - low)) / 6;
  });
  const SampleTable one = table_of("7");
  const DelayModel always = made(DelayModel::empirical(one));
  for (const double score : {-9.0, 0.0, 9.0}) CHECK(always.at(score) == 7ms);
}

TEST_CASE("a netem table's values are equally likely, in units of the jitter", "[delay_model]") {
  const SampleTable few = table_of("-8192 -8192 0 16384");
  check_marginal("few values", made(DelayModel::netem_table(50ms, 10ms, few)), [](double ms) {
    return ms < 40 ? 0.0 : ms < 50 ? 0.5 : ms < 70 ? 0.75 : 1.0;
  });
  const SampleTable many = normal_netem_table(4096);
  check_marginal("normal", made(DelayModel::netem_table(100ms, 10ms, many)),
                 [](double ms) { return normal_cdf((ms - 100) / 10); });
}

TEST_CASE("a distribution that is a little wrong fails the test above", "[delay_model]") {
  const std::vector<double> delays = draw(made(DelayModel::normal(100ms, 10ms)), 0, 20'000, 1);
  const double bound = kKolmogorovBound / std::sqrt(20'000);
  CHECK(ks_distance(delays, [](double ms) { return normal_cdf((ms - 100.5) / 10); }) > bound);
  CHECK(ks_distance(delays, [](double ms) { return normal_cdf((ms - 100) / 10.7); }) > bound);
}

TEST_CASE("a higher score is never a shorter delay, and none is out of bounds", "[delay_model]") {
  const SampleTable measured = table_of("5 1 1 90");
  const SampleTable values = table_of("-32768 32767 5");
  const std::vector<DelayModel> models = {DelayModel::uniform(10ms, 50ms),
                                          DelayModel::uniform(-kLongest, kLongest),
                                          DelayModel::uniform(kLongest, kLongest),
                                          made(DelayModel::normal(kLongest, kLongest)),
                                          made(DelayModel::lognormal(1ms, 100)),
                                          made(DelayModel::lognormal(1h, 0.5, 1s)),
                                          made(DelayModel::lognormal(1s, 0, 1s)),
                                          made(DelayModel::pareto(1ms, 0.01)),
                                          made(DelayModel::pareto(1ms, 1e9)),
                                          made(DelayModel::netem_pareto(1ms, kLongest)),
                                          made(DelayModel::exponential(kLongest)),
                                          made(DelayModel::exponential(0ms)),
                                          made(DelayModel::empirical(measured)),
                                          made(DelayModel::netem_table(1s, 1s, values)),
                                          DelayModel::uniform(1ms, 0ms).scaled(1e300)};
  for (std::size_t i = 0; i < models.size(); ++i) {
    CAPTURE(i);
    Duration last{0};
    for (double score = -40; score < 40; score += 0.01) {
      const Duration delay = models[i].at(score);
      CAPTURE(score);
      REQUIRE(delay >= last - last / 1'000'000'000);  // 100 deviations take digits away.
      REQUIRE(delay <= kLongest);
      last = delay;
    }
  }
  CHECK(models[5].at(40) <= 1s + 1ns);
  CHECK(models[6].at(40) == 1s);
}

TEST_CASE("no jitter is no chance, to the nanosecond", "[delay_model]") {
  for (const double score : {-3.0, 0.0, 3.0}) {
    CHECK(DelayModel::uniform(123'456'789ns, 0ms).at(score) == 123'456'789ns);
    CHECK(DelayModel::uniform(kLongest, -5ms).at(score) == kLongest);
    CHECK(made(DelayModel::normal(20ms, 0ms)).at(score) == 20ms);
    CHECK(made(DelayModel::normal(20ms, 0ms)).scaled(0.5).at(score) == 10ms);
  }
}

TEST_CASE("a model that means nothing is refused", "[delay_model]") {
  CHECK(DelayModel::normal(1ms, -1ns).error().kind == ErrorKind::kInvalid);
  CHECK_FALSE(DelayModel::lognormal(0ms, 1));
  CHECK_FALSE(DelayModel::lognormal(1ms, -1));
  CHECK_FALSE(DelayModel::lognormal(1ms, NAN));
  CHECK_FALSE(DelayModel::lognormal(1ms, 1, 0ms));
  CHECK_FALSE(DelayModel::lognormal(2ms, 0, 1ms));
  CHECK_FALSE(DelayModel::lognormal(1h, 0.1, 1ms));
  CHECK_FALSE(DelayModel::pareto(0ms, 1));
  CHECK_FALSE(DelayModel::pareto(1ms, 0));
  CHECK_FALSE(DelayModel::pareto(1ms, INFINITY));
  CHECK_FALSE(DelayModel::pareto(1ms, 1, 1ms));
  CHECK_FALSE(DelayModel::netem_pareto(1ms, -1ms));
  CHECK_FALSE(DelayModel::exponential(-1ms));
  CHECK_FALSE(DelayModel::empirical(table_of("1 2 -0.5")));
  for (const char* text : {"1 2.5", "32768", "-32769"}) {
    CHECK_FALSE(DelayModel::netem_table(1ms, 1ms, table_of(text)));
  }
}

}  // namespace
}  // namespace faultline
