#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace faultline {

/// How fast a cable is. Any number makes one.
class Rate {
 public:
  static constexpr std::uint64_t kPiecesPerSecond = 100;

  /// In KB/s, 1 KB being 1000 bytes. 0 or less is 0; what does not fit is as much as fits.
  explicit Rate(std::int64_t kilobytes_per_second);

  bool is_zero() const { return bytes_per_second_ == 0; }

  /// How long `bytes` take, at most kLongest. REQUIRES: the rate is not 0.
  Duration time_for(std::uint64_t bytes) const;

  /// How many bytes go in `time`, at most 2^62. REQUIRES: time >= 0.
  std::uint64_t bytes_in(Duration time) const;

  /// From 10 MB/s up. There a piece of 64 KiB lasts less than 7 ms, so that a
  /// link may just as well pass it whole and be held up after it.
  bool is_fast() const;

  /// How many bytes to send at once when `pieces_per_second` are to leave: not
  /// so few that each costs more than it is worth, not so many that they lump.
  std::size_t piece(std::uint64_t pieces_per_second = kPiecesPerSecond) const;

  /// 50 ms' worth, so that the cable does not run dry while its link has to
  /// wait for a turn; at least Toxic::kSmallWindow.
  std::size_t window() const;

 private:
  std::uint64_t bytes_per_second_;
};

}  // namespace faultline
