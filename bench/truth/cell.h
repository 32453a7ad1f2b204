#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/truth/link_direction.h"

namespace faultline::bench::truth {

/// The directions that lose packets. Data goes downstream, from server to client.
enum class LossOn { kDownstream, kUpstream, kBoth };

const char* text_of(LossOn loss_on);

/// A link to be measured: one cell of the grid.
struct Cell {
  double rtt_ms = 40;
  double loss = 0;  ///< A share, 0 to 1.

  /// "RTT 40 ms, loss 1 %"
  std::string label() const;
};

/// What all cells have in common.
struct LinkKind {
  LossOn loss_on = LossOn::kDownstream;
  double burst_length = 1;  ///< Packets lost one after another, in the mean; 1: independently.
};

/// The cell's link with a line of `bytes_per_second` (0: no limit).
struct LinkSettings {
  DirectionSettings upstream;
  DirectionSettings downstream;
};
LinkSettings link_settings(const Cell& cell, const LinkKind& kind, double bytes_per_second);

/// RTT 10, 40 and 100 ms, each with a loss of 0, 0.1, 1, 3 and 10 %.
std::vector<Cell> full_grid();
std::vector<Cell> quick_grid();

/// "rtt=40,loss=1%" or "rtt=40,loss=0.01". Errors: kInvalid.
Result<Cell> parse_cell(const std::string& text);

/// What the queue in front of a line of that rate holds: an RTT's worth, and at
/// least 64 KiB.
std::size_t queue_for(const Cell& cell, double bytes_per_second);

}  // namespace faultline::bench::truth
