#pragma once

#include <cstdint>
#include <vector>

#include "proxy/live_toxic.h"
#include "proxy/zone_traffic.h"

namespace faultline {

class Encounters;

/// What one connection carries from zone to zone, counted where its bytes are written to sockets:
/// for the matrix, and for the partitions that should have kept them apart. Of one worker.
class ZoneWatch {
 public:
  /// The connection's upstream was just reached; `counters` are of its zones and worker. They
  /// outlive the watch, or its next move_to().
  explicit ZoneWatch(ZonePairCounters& counters);
  ~ZoneWatch();
  ZoneWatch(const ZoneWatch&) = delete;
  ZoneWatch& operator=(const ZoneWatch&) = delete;

  /// The zones are others, or their counts begin anew.
  void move_to(ZonePairCounters& counters);

  /// So much has been written, ever. Before a change, so that it is told of what comes after.
  void note(std::uint64_t sent_upstream, std::uint64_t sent_downstream);

  /// The toxics in force are `toxics`; what is sent from now on crosses those of partitions that
  /// are on the connection. They outlive the watch, or the next look.
  void look_at(const ToxicSet& toxics, const Encounters& encounters, std::size_t worker);

  /// The connection has begun though those it looks at should have kept it apart.
  void note_crossed_connection();

 private:
  struct Cut {
    CutCounters* counters;
    bool upstream;
    bool downstream;
  };

  ZonePairCounters* counters_;
  std::uint64_t sent_upstream_ = 0;
  std::uint64_t sent_downstream_ = 0;
  std::vector<Cut> cuts_;
};

}  // namespace faultline
