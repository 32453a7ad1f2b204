#include "bench/truth/figures.h"

namespace faultline::bench::truth {

namespace {

constexpr double kLateMs = 100;
constexpr double kGoodputTolerance = 0.25;
constexpr double kFetchTolerance = 0.20;
constexpr double kEchoTolerance = 0.30;

}  // namespace

bool Figures::is_whole() const {
  return !bulk.is_empty() && !large_fetch.is_empty() && !small_fetch.is_empty() &&
         !echo.is_empty() && !connect_echo.is_empty();
}

Figures figures_of(const CellSamples& samples) {
  return {.bulk = Distribution(samples.bulk),
          .large_fetch = Distribution(samples.large_fetch),
          .large_fetch_after_connect = Distribution(samples.large_fetch_after_connect),
          .small_fetch = Distribution(samples.small_fetch),
          .small_fetch_after_connect = Distribution(samples.small_fetch_after_connect),
          .echo = Distribution(samples.echo),
          .connect = Distribution(samples.connect),
          .connect_echo = Distribution(samples.connect_echo)};
}

double late_limit_ms(const Cell& cell) {
  return cell.rtt_ms + kLateMs;
}

std::vector<Criterion> judge(const Figures& truth, const Figures& ours) {
  return {
      {"goodput", "goodput", kGoodputTolerance,
       judge_mean(truth.bulk, ours.bulk, kGoodputTolerance)},
      {"fetch_100kb_p50", "100 KB p50", kFetchTolerance,
       judge_quantile(truth.large_fetch, ours.large_fetch, 0.5, kFetchTolerance)},
      {"fetch_100kb_p90", "100 KB p90", kFetchTolerance,
       judge_quantile(truth.large_fetch, ours.large_fetch, 0.9, kFetchTolerance)},
      {"echo_p99", "echo p99", kEchoTolerance,
       judge_quantile(truth.echo, ours.echo, 0.99, kEchoTolerance)},
  };
}

}  // namespace faultline::bench::truth
