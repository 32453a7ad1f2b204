#include <cstdio>

#include "bench/fault_bench.h"
#include "bench/stop.h"

namespace faultline::bench {

namespace {

constexpr std::int64_t kSharedKilobytes = 1'000;
constexpr double kUnshared = 1.5;  // So many times the limit is no inaccuracy any more.

/// 10 KB/s, 5 MB/s, 1 GB/s.
std::string rate_text(std::int64_t kilobytes) {
  if (kilobytes >= 1'000'000) return format_number(double(kilobytes) / 1e6) + " GB/s";
  if (kilobytes >= 1'000) return format_number(double(kilobytes) / 1e3) + " MB/s";
  return std::to_string(kilobytes) + " KB/s";
}

/// The row of one rate; empty if there is nothing to show.
std::vector<double> measure_rate(FaultBench bench, const std::string& where, std::int64_t kilobytes,
                                 const Window& window) {
  const ToxicRequest toxic{"bandwidth", {{"rate", kilobytes}}};
  const LoadResult result = download_under(bench, where, toxic, 1, window).load;
  if (result.bytes == 0) return {};
  const double measured = result.steady_bytes_per_second / 1e3;
  const auto asked = static_cast<double>(kilobytes);
  return {asked, measured, 100 * (measured - asked) / asked,
          result.cpu_seconds / (static_cast<double>(result.bytes) / 1e9)};
}

/// How far the least and the most of `bytes` are from their mean, in percent.
Spread distance_from_mean(const std::vector<std::uint64_t>& bytes) {
  double sum = 0;
  for (const std::uint64_t each : bytes) sum += static_cast<double>(each);
  const double mean = sum / static_cast<double>(bytes.size());
  std::vector<double> percents;
  for (const std::uint64_t each : bytes) {
    percents.push_back(mean > 0 ? 100 * (static_cast<double>(each) - mean) / mean : 0);
  }
  return spread_of(std::move(percents));
}

}  // namespace

FaultTable measure_bandwidth_accuracy(FaultBench bench,
                                      const std::vector<std::int64_t>& kilobytes_per_second,
                                      const Window& window) {
  FaultTable table{.name = "bandwidth-accuracy",
                   .title = "A bandwidth limit on one download",
                   .note =
                       "Measured where the bytes arrive, from the first piece of the window "
                       "to the last.",
                   .row_heading = "asked for",
                   .columns = {{"asked_kilobytes_per_second", "asked KB/s"},
                               {"measured_kilobytes_per_second", "measured KB/s"},
                               {"error_percent", "error (%)"},
                               {"cpu_seconds_per_gb", "CPU s/GB"}},
                   .rows = {}};
  for (const std::int64_t rate : kilobytes_per_second) {
    if (stop_requested()) break;
    const std::string where = "bandwidth-accuracy, " + rate_text(rate);
    std::vector<double> values = measure_rate(bench, where, rate, window);
    if (values.empty()) continue;
    std::fprintf(stderr, "%s: error %.2f %%\n", where.c_str(), values[2]);
    table.rows.push_back({rate_text(rate), std::move(values)});
  }
  return table;
}

FaultTable measure_bandwidth_shared(FaultBench bench, std::size_t downloads, const Window& window) {
  const std::string where = "bandwidth-shared";
  FaultTable table{
      .name = where,
      .title = "A bandwidth limit that " + std::to_string(downloads) + " downloads share",
      .note =
          "One limit for the whole proxy (`scope` is `proxy`). Fair is an equal part of what "
          "arrived.",
      .row_heading = "asked for",
      .columns = {{"asked_kilobytes_per_second", "asked KB/s"},
                  {"measured_kilobytes_per_second", "measured KB/s"},
                  {"error_percent", "error (%)"},
                  {"least_share_percent", "least share (% from fair)"},
                  {"most_share_percent", "most share (% from fair)"}},
      .rows = {}};
  const ToxicRequest toxic{"bandwidth", {{"rate", kSharedKilobytes}, {"scope", "proxy"}}};
  const LoadResult result = download_under(bench, where, toxic, downloads, window).load;
  if (result.bytes == 0) return table;
  const double measured = result.steady_bytes_per_second / 1e3;
  const auto asked = static_cast<double>(kSharedKilobytes);
  const Spread shares = distance_from_mean(result.bytes_each);
  // Also what a server does that does not know the word.
  if (measured > kUnshared * asked) {
    bench.add_problem(where, "the connections do not share the limit: " + format_number(measured) +
                                 " KB/s instead of " + format_number(asked));
  }
  const double error = 100 * (measured - asked) / asked;
  std::fprintf(stderr, "%s: error %.2f %%, shares %+.1f to %+.1f %%\n", where.c_str(), error,
               shares.least, shares.most);
  table.rows.push_back(
      {rate_text(kSharedKilobytes), {asked, measured, error, shares.least, shares.most}});
  return table;
}

}  // namespace faultline::bench
