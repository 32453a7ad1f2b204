#pragma once

#include <cstdint>

#include "base/time.h"
#include "toxics/chunk.h"
#include "toxics/direction.h"

namespace faultline {

/// Says which burst each read of a link belongs to.
///
/// A message starts a new one, as far as that can be seen from outside: nothing
/// of the last one is on its way, and the other side has spoken since or there
/// was a pause. A long stream is cut now and then.
///
///   client   | 1     2         5         of_connection: numbers rise on both links,
///   upstream |   1     2  3  4   5       and an answer has its question's
class BurstCounter {
 public:
  explicit BurstCounter(Direction direction) : direction_(direction) {}

  /// The burst of what has come at `now`. `is_idle`: nothing that came before is on its way.
  Burst at(TimePoint now, bool is_idle);

  /// The other link of the connection has moved bytes: what comes next here answers them.
  void note_turn(const BurstCounter& other);

 private:
  const Direction direction_;
  Burst burst_{};
  std::uint32_t asked_ = 0;  // The other link's burst of_connection.
  bool turned_ = true;
  TimePoint last_arrival_{};
  TimePoint burst_start_{};
};

}  // namespace faultline
