#pragma once

#include <cstdint>
#include <optional>

namespace faultline {

/// A standard normal score for each burst of a link, near ones alike: a
/// stationary AR(1) process, the correlation of bursts n apart being
/// correlation^n.
///
/// The score is a pure function of key, correlation and the burst's number,
/// whichever are asked for, how often and in which order. So a toxic that
/// takes another's place, and is told once more of what that one held, decides
/// the same. Exact, and in 2 + log2(37 / (1 - correlation)) steps, because the
/// process is built from coarse to fine: scores far enough apart to be
/// independent first, then what lies half-way between two known ones, again and
/// again. What is between them depends on nothing else.
class BurstScores {
 public:
  static constexpr double kMostCorrelation = 0.999999;

  /// `correlation` below 0 counts as 0, and above kMostCorrelation as that.
  BurstScores(std::uint64_t key, double correlation);

  /// Remembers the last answer: bursts come in many chunks.
  double at(std::uint32_t burst);

 private:
  double find(std::uint64_t burst) const;

  const std::uint64_t key_;
  const double log_correlation_;  // 0 if there is no correlation.
  const std::uint64_t span_;      // So far apart, a power of two, scores are independent.
  std::optional<std::uint32_t> last_burst_;
  double last_score_ = 0;
};

}  // namespace faultline
