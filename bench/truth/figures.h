#pragma once

#include <string>
#include <vector>

#include "bench/truth/cell.h"
#include "bench/truth/distribution.h"
#include "bench/truth/loads.h"
#include "bench/truth/verdict.h"

namespace faultline::bench::truth {

/// The distributions of one cell on one side. Milliseconds; bulk in Mbit/s.
struct Figures {
  Distribution bulk;
  Distribution large_fetch;
  Distribution large_fetch_after_connect;
  Distribution small_fetch;
  Distribution small_fetch_after_connect;
  Distribution echo;
  Distribution connect;
  Distribution connect_echo;

  /// Whether every load gave something.
  bool is_whole() const;
};

Figures figures_of(const CellSamples& samples);

/// An echo counts as late beyond an RTT and this: above what a busy machine adds,
/// below what waiting for a timer costs (200 ms).
double late_limit_ms(const Cell& cell);

/// One thing that has to be the same on both sides.
struct Criterion {
  std::string key;      ///< "fetch_100kb_p50"
  std::string heading;  ///< "100 KB p50"
  double tolerance = 0;
  Judgement judgement;
};

/// What has to hold in every cell: goodput of bulk within 25 %, median and p90 of
/// fetches of 100 KB within 20 %, connect() included, p99 of echoes within 30 %.
/// REQUIRES: both are whole.
std::vector<Criterion> judge(const Figures& truth, const Figures& ours);

}  // namespace faultline::bench::truth
