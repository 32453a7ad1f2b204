#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "toxics/sample_table.h"
#include "toxics/toxic.h"

namespace faultline {

/// Whether `trace` is one: whole numbers of ms, from 0 up to kLongest, none
/// smaller than the one before it, the last not 0. If not, kInvalid.
Result<void> check_link_trace(const SampleTable& trace);

/// Lets bytes through when a recorded link would have: a packet-delivery trace
/// as Mahimahi records and plays them (Netravali et al., "Mahimahi: accurate
/// record-and-replay for HTTP", 2015).
///
/// Each number is a time, in ms from when the toxic reached the link, at which
/// up to 1,500 bytes may leave, of those that have arrived by then. What is not
/// used then is wasted. After its last number the trace begins anew, so that
/// number is its period. (1,500 bytes of the stream: a stream has no headers,
/// and no packets that leave when their last byte may.) Each connection plays
/// the trace for itself; a change of the toxic starts it anew.
///
/// Nothing is lost when more comes than may leave: the sender is held back.
class LinkTrace final : public Toxic {
 public:
  static constexpr std::size_t kBytesEach = 1500;

  /// REQUIRES: check_link_trace(trace). `trace` outlives the toxic.
  explicit LinkTrace(const SampleTable& trace);

  void on_start(TimePoint now, Outlet& out) override;
  void on_data(Chunk chunk, TimePoint arrived, Outlet& out) override;
  std::size_t window() const override { return window_; }

 private:
  /// One number of the trace, the `index`th, in its `round`th playing; both from 0.
  struct Chance {
    std::int64_t round = 0;
    std::size_t index = 0;
  };

  TimePoint time_of(Chance chance) const;
  Chance first_from(TimePoint time) const;
  Chance next_after(Chance chance) const;
  std::size_t count_around(TimePoint time) const;

  const std::vector<double>& times_ms_;
  const Duration period_;
  TimePoint start_{};
  Chance chance_;                  ///< The one the next byte may take...
  std::size_t left_ = kBytesEach;  ///< ...for so many bytes are left of it.
  std::size_t window_ = kSmallWindow;
};

}  // namespace faultline
