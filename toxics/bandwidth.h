#pragma once

#include <cstdint>

#include "toxics/rate.h"
#include "toxics/toxic.h"

namespace faultline {

/// Lets bytes through at a steady rate, as a slow cable would.
///
/// A byte leaves when it has been transmitted. Idle time is not saved up: no
/// burst follows a pause. At rate 0 nothing passes and nothing is lost: the
/// sender is held back, and what was held goes on once the toxic is removed
/// or given a rate.
class Bandwidth final : public Toxic {
 public:
  explicit Bandwidth(Rate rate);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  std::size_t window() const override { return rate_.window(); }

 private:
  /// When the byte before `end`, counted from busy_since_, has been transmitted.
  TimePoint transmitted(std::uint64_t end) const;

  const Rate rate_;
  const std::size_t piece_bytes_;  ///< What is sent at once: about 10 ms' worth.
  TimePoint busy_since_{};         ///< The cable has been busy from here...
  std::uint64_t busy_bytes_ = 0;   ///< ...with so many bytes: no rounding adds up.
};

}  // namespace faultline
