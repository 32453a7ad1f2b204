#include "proxy/life.h"

#include "proxy/alarm_clock.h"

namespace faultline {

void start_life(ToxicLife& life) {
  if (!life.ttl || *life.ttl >= kLongest || life.ends != kNever) return;
  life.ends = after(clock_now(), *life.ttl);
  life.ends_at = std::chrono::system_clock::now() +
                 std::chrono::duration_cast<std::chrono::system_clock::duration>(*life.ttl);
}

}  // namespace faultline
