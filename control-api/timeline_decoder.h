#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control-api/timeline.h"
#include "control-api/timeline_values.h"

namespace faultline {

/// What a timeline may be.
struct TimelineLimits {
  static constexpr std::size_t kMostSteps = 100;
  static constexpr Duration kLongest = std::chrono::hours(24);  ///< As written.
  static constexpr int kDeepest = 3;                            ///< Of `parallel` in `parallel`.
};

/// How many times as fast: "60x", "0.5x". Errors: kInvalid.
Result<double> parse_speed(std::string_view text);

/// A timeline as people write it:
///
///   name: az-power-loss
///   steps:
///     - {name: dark, for: 10m, partition: {shape: isolate, zones: [b], mode: blackhole}}
///     - {wait: 30s}
///     - {name: cold, for: 5m, toxic: {proxy: "cache-*", type: latency}}
///     - parallel: [...]
///
/// Steps follow one another, but for those that say `at`. What is in `parallel` begins at once;
/// the longest counts. Its placeholders stand for `values`, each of which must be one. Every
/// `at`, `for` and `wait` is divided by `speed`, to 1 ms at the least. Whether its zones and
/// proxies exist is not looked at.
///
/// Errors (kInvalid) name the step, with the place in the document.
Result<Timeline> decode_timeline(const Document& document, const TimelineValues& values,
                                 double speed);

}  // namespace faultline
